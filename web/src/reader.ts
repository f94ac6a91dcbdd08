/** Who reads at this browser: what the connection proved, else what the person typed once. */
import { askReader } from './dialogs';
import type { About } from './model/types';

const kKey = 'lucerna.reader';

export function readerName(about: About): string {
  return about.principal || localStorage.getItem(kKey) || '';
}

/** Asks for the name where none is known, or again when `anew`; undefined when put away. */
export async function needReader(about: About, anew = false): Promise<string | undefined> {
  if (about.principal) return about.principal;
  const known = localStorage.getItem(kKey);
  if (known && !anew) return known;
  const typed = await askReader(known ?? '');
  if (typed) localStorage.setItem(kKey, typed);
  return typed ?? known ?? undefined;
}
