import './console.css';
import { createRoot } from 'react-dom/client';
import { Console } from './console';
import { followJobs } from './jobs';

void followJobs();
createRoot(document.getElementById('root')!).render(<Console />);
