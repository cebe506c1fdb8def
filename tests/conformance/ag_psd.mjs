// Writes PSDs by ag-psd: a description a line comes in, the path of its file goes out.
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { writePsdBuffer } from 'ag-psd';

function picture(width, height) {
  return { width, height, data: new Uint8ClampedArray(width * height * 4).fill(255) };
}

function layer({ width, height, children, ...rest }) {
  if (children) return { ...rest, opened: true, children: children.map(layer) };
  return { ...rest, imageData: picture(width, height) };
}

function embedded({ base64, ...file }) {
  return { ...file, data: Uint8Array.from(Buffer.from(base64, 'base64')) };
}

for await (const line of createInterface({ input: process.stdin })) {
  const { path, psb, document } = JSON.parse(line);
  const made = {
    ...document,
    imageData: picture(document.width, document.height),
    children: document.children.map(layer),
    linkedFiles: (document.linkedFiles ?? []).map(embedded),
  };
  writeFileSync(path, writePsdBuffer(made, { psb, invalidateTextLayers: true }));
  console.log(path);
}
