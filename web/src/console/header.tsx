import { connection } from './api';
import type { Connection } from './api';
import { DATASETS } from './navigation';
import { useStore } from './store';

const WORDS: Record<Connection, string> = {
  connecting: 'Connecting…',
  live: 'Live',
  lost: 'Reconnecting…',
};

export function Header() {
  const state = useStore(connection);
  return (
    <header>
      <a className="brand" href="#/">
        <Mark />
        OneManage
      </a>
      <p className={`connection ${state}`} role="status">
        {WORDS[state]}
      </p>
      <nav aria-label="Elsewhere">
        <a href={DATASETS}>Datasets</a>
        <a href="/graphql">GraphiQL</a>
      </nav>
    </header>
  );
}

function Mark() {
  return (
    <svg aria-hidden viewBox="0 0 32 32" width="24" height="24">
      <rect width="32" height="32" rx="7" fill="#1f2a44" />
      <path d="M16 17 5 22l11 5 11-5z" fill="#38bdf8" opacity=".5" />
      <path d="M16 11 5 16l11 5 11-5z" fill="#38bdf8" opacity=".75" />
      <path d="M16 5 5 10l11 5 11-5z" fill="#e0f2fe" />
    </svg>
  );
}
