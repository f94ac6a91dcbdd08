/** Keys: one table that the handler and the help both read. */
export interface KeyAction {
  /** As KeyboardEvent.key gives it; letters in lower case. */
  keys: string[];
  /** As people read it. */
  shown: string;
  does: string;
  run: () => void;
}

function typing(event: KeyboardEvent): boolean {
  const target = event.target;
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

/** Runs the first action that has the key. Returns what stops it. */
export function listen(actions: readonly KeyAction[]): () => void {
  const handle = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (typing(event) || document.querySelector('dialog[open]')) return;
    const pressed = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    // A focused button or link keeps what the browser does with Enter and the space bar.
    const onControl = event.target instanceof HTMLElement && /^(BUTTON|A)$/.test(event.target.tagName);
    if (onControl && (pressed === 'Enter' || pressed === ' ')) return;
    const action = actions.find((each) => each.keys.includes(pressed));
    if (!action) return;
    event.preventDefault();
    action.run();
  };
  // On the way down: Cornerstone cancels the keys that reach its elements.
  document.addEventListener('keydown', handle, true);
  return () => document.removeEventListener('keydown', handle, true);
}
