/** What stands on every page: the name, the use statement, and what went wrong. */
import { h } from '../dom';
import type { About } from '../model/types';

export function useStatement(about: About): HTMLElement {
  return h(
    'p',
    { class: 'use-statement', role: 'note' },
    h('strong', {}, about.use_statement),
    ' AI marks and scores are preliminary: a person decides.',
  );
}

export function modelLine(about: About): string {
  return `${about.model.name} ${about.model.version}`;
}

/** A line for errors, empty at first; read out when it changes. */
export class Notice {
  readonly root = h('p', { class: 'notice', role: 'alert', hidden: true });

  say(words: string): void {
    this.root.textContent = words;
    this.root.hidden = words === '';
  }
  show(cause: unknown): void {
    this.say(cause instanceof Error ? cause.message : String(cause));
  }
}

export function badge(kind: string, words: string, title = ''): HTMLElement {
  return h('span', { class: `badge ${kind}`, title: title || undefined }, words);
}
