import { useEffect, useState } from 'react';
import { describe } from '../api';
import type { Page } from './types';

interface Pages<Item> {
  items: readonly Item[];
  total: number | null;
  /** Where the next page begins; null where there is none. */
  next: string | null;
  isLoading: boolean;
  failure: string | null;
}

type Load<Item> = (after: string | null) => Promise<Page<Item>>;

/** The pages of a list that were asked for so far; `load` must stay the same. */
export function usePages<Item>(load: Load<Item>) {
  const [pages, setPages] = useState<Pages<Item>>(() => ({
    items: [],
    total: null,
    next: null,
    isLoading: true,
    failure: null,
  }));

  async function add(after: string | null): Promise<void> {
    setPages((before) => ({ ...before, isLoading: true, failure: null }));
    try {
      const { nodes, totalCount, pageInfo } = await load(after);
      setPages((before) => ({
        items: after === null ? nodes : [...before.items, ...nodes],
        total: totalCount ?? null,
        next: pageInfo.hasNextPage ? pageInfo.endCursor : null,
        isLoading: false,
        failure: null,
      }));
    } catch (error) {
      const failure = describe(error);
      setPages((before) => ({ ...before, isLoading: false, failure }));
    }
  }

  useEffect(() => void add(null), [load]);
  return { ...pages, more: () => add(pages.next) };
}
