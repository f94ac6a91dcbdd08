/** What people said of a finding, from the history that is only ever added to. */
import type { Decision } from './types';

export type Verdict = 'undecided' | 'accepted' | 'dismissed';

export interface Standing {
  verdict: Verdict;
  /** The decision that it rests on; undefined when nobody decided, or the last was taken back. */
  by: Decision | undefined;
  /** All of this finding, newest first. */
  history: Decision[];
}

/** Where a finding stands, by the decisions on findings of the reading that it is of. */
export function standingOf(decisions: readonly Decision[], finding: string): Standing {
  const history = decisions.filter((each) => each.finding === finding).reverse();
  const newest = history[0];
  if (!newest || newest.action === 'undo') return { verdict: 'undecided', by: undefined, history };
  return { verdict: newest.action === 'accept' ? 'accepted' : 'dismissed', by: newest, history };
}

/** "accepted by A. Reader (self-declared)". */
export function inWords(decision: Decision): string {
  const what = { accept: 'accepted', dismiss: 'dismissed', undo: 'taken back' }[decision.action];
  return `${what} by ${decision.who}${decision.self_declared ? ' (self-declared)' : ''}`;
}
