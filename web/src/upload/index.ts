import type { GraphiQLPlugin } from '@graphiql/react';
import { UploadIcon } from './drop-zone';
import { UploadPanel } from './upload-panel';

export const UPLOAD_PLUGIN: GraphiQLPlugin = {
  title: 'Upload a PSD',
  icon: UploadIcon,
  content: UploadPanel,
};
