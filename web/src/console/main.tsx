import './console.css';
import './imports/imports.css';
import { createRoot } from 'react-dom/client';
import { Console } from './console';
import { followJobs } from './jobs';

// Else a file that misses the field by a little takes the page's place.
for (const name of ['dragover', 'drop']) {
  addEventListener(name, (event) => event.preventDefault());
}
void followJobs();
createRoot(document.getElementById('root')!).render(<Console />);
