/** The order in which the worklist last stood, so that "next exam" means the next one in it. */
const kKey = 'lucerna.order';

export function rememberOrder(studies: readonly string[]): void {
  sessionStorage.setItem(kKey, JSON.stringify(studies));
}

export function rememberedOrder(): string[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(kKey) ?? '[]');
    return Array.isArray(kept) ? kept.filter((each) => typeof each === 'string') : [];
  } catch {
    return [];
  }
}
