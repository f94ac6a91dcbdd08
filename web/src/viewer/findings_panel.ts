/** The list of findings with accept and dismiss, and what was said before. */
import { h } from '../dom';
import { inWords, standingOf, type Standing } from '../model/decisions';
import type { Finding, Reading } from '../model/reading';
import type { Action, Decision } from '../model/types';
import { moment, percent, plural } from '../model/words';
import { badge } from '../pages/frame';

export interface FindingsListener {
  select(finding: string): void;
  goTo(finding: string): void;
  decide(finding: string, action: Action, comment: string): void;
}

const kVerdictWords = { undecided: 'Not decided', accepted: '✓ Accepted', dismissed: '✕ Dismissed' };

function lineOf(each: Decision, what = ''): HTMLElement {
  return h(
    'li',
    {},
    h('time', { datetime: each.when }, moment(each.when)),
    ` ${what}${inWords(each)}`,
    each.comment ? h('q', {}, each.comment) : null,
  );
}

function history(standing: Standing): HTMLElement | null {
  if (standing.history.length === 0) return null;
  return h(
    'ol',
    { class: 'history', 'aria-label': 'History, newest first' },
    ...standing.history.map((each) => lineOf(each)),
  );
}

/** Decisions on what this reading has not found: of none of its findings, whatever their names. */
function formerOf(decisions: readonly Decision[]): HTMLElement | null {
  if (decisions.length === 0) return null;
  return h(
    'details',
    { class: 'former' },
    h('summary', {}, `Decided on earlier readings, no longer counted (${decisions.length})`),
    h(
      'ol',
      { class: 'history' },
      ...[...decisions].reverse().map((each) => lineOf(each, `what was ${each.finding}: `)),
    ),
  );
}

/** What people said of an exam's findings. */
export interface Said {
  decisions: readonly Decision[];
  /** On findings of earlier readings. */
  former: readonly Decision[];
  /** How many older ones the server has beside those. */
  leftOut: number;
}

export class FindingsPanel {
  readonly root = h('section', { class: 'findings', 'aria-label': 'Findings' });
  private readonly comments = new Map<string, string>();
  private commentOf: HTMLInputElement | undefined;
  private hangs: (finding: Finding) => boolean = () => true;

  constructor(private readonly listener: FindingsListener) {}

  /** `hangs`: whether the image of a finding is up. */
  draw(
    reading: Reading | undefined,
    said: Said,
    selected: string,
    hangs: (finding: Finding) => boolean,
  ): void {
    this.hangs = hangs;
    // A draw while somebody types must not take the words or the cursor away.
    const typing = document.activeElement === this.commentOf;
    const items = (reading?.findings ?? []).map((finding, index) =>
      this.item(finding, index + 1, said.decisions, finding.id === selected),
    );
    const parts = [
      h(
        'h2',
        {},
        `Findings (${items.length})`,
        badge('ai', 'AI, preliminary', 'Proposed by a model; a person decides'),
      ),
      items.length > 0
        ? h('ol', { class: 'list' }, ...items)
        : h('p', { class: 'none' }, reading ? 'The model marked nothing.' : 'Not read yet.'),
    ];
    const earlier = formerOf(said.former);
    const older =
      said.leftOut > 0
        ? h('p', { class: 'none' }, `${plural(said.leftOut, 'older decision')} not shown here.`)
        : null;
    this.root.replaceChildren(...parts, ...[earlier, older].filter((part) => part !== null));
    if (typing) this.commentOf?.focus();
  }

  focusComment(): void {
    this.commentOf?.focus();
  }

  comment(finding: string): string {
    return this.comments.get(finding)?.trim() ?? '';
  }
  forgetComment(finding: string): void {
    this.comments.delete(finding);
  }
  forgetComments(): void {
    this.comments.clear();
  }

  private item(
    finding: Finding,
    number: number,
    decisions: readonly Decision[],
    selected: boolean,
  ): HTMLElement {
    const standing = standingOf(decisions, finding.id);
    return h(
      'li',
      { class: `finding ${standing.verdict}${selected ? ' selected' : ''}`, 'data-finding': finding.id },
      h(
        'button',
        {
          class: 'summary',
          'aria-expanded': selected ? 'true' : 'false',
          click: () => this.listener.select(finding.id),
          dblclick: () => this.listener.goTo(finding.id),
        },
        h('span', { class: 'number' }, number),
        h('span', { class: 'what' }, `${finding.view} ${finding.kind}`),
        h('span', { class: 'score', title: 'Calibrated probability of malignancy' }, percent(finding.score)),
        h(
          'span',
          { class: 'verdict' },
          kVerdictWords[standing.verdict],
          ...finding.above.map((point) => ` · ▲ ${point}`),
        ),
      ),
      selected ? this.details(finding, standing) : null,
    );
  }

  private details(finding: Finding, standing: Standing): HTMLElement {
    const say = (action: Action) => () =>
      this.listener.decide(finding.id, action, this.comment(finding.id));
    const comment = h('input', {
      type: 'text',
      maxlength: 1000,
      placeholder: 'Comment (optional)',
      'aria-label': `Comment on finding ${finding.id}`,
      value: this.comments.get(finding.id),
      input: () => this.comments.set(finding.id, comment.value),
      keydown: (event: KeyboardEvent) => {
        if (event.key === 'Escape' || event.key === 'Enter') comment.blur();
      },
    });
    this.commentOf = comment;
    const pressed = (verdict: string) => (standing.verdict === verdict ? 'true' : 'false');
    return h(
      'div',
      { class: 'details' },
      h(
        'p',
        { class: 'figures' },
        `Malignant ${percent(finding.score)} · present ${percent(finding.presence)}`,
      ),
      this.hangs(finding)
        ? null
        : h('p', { class: 'none' }, 'Its image does not hang now: Go to hangs it.'),
      comment,
      h(
        'div',
        { class: 'buttons' },
        h(
          'button',
          { class: 'accept', 'aria-pressed': pressed('accepted'), click: say('accept') },
          '✓ Accept ',
          h('kbd', {}, 'A'),
        ),
        h(
          'button',
          { class: 'dismiss', 'aria-pressed': pressed('dismissed'), click: say('dismiss') },
          '✕ Dismiss ',
          h('kbd', {}, 'D'),
        ),
        standing.by ? h('button', { click: say('undo') }, 'Take back ', h('kbd', {}, 'U')) : null,
        h(
          'button',
          { title: 'Bring it to the middle, enlarged', click: () => this.listener.goTo(finding.id) },
          'Go to ',
          h('kbd', {}, 'G'),
        ),
      ),
      history(standing),
    );
  }
}
