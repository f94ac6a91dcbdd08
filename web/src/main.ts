/** The page: a worklist at #/, an exam at #/exam/<Study Instance UID>. */
import { about as askAbout, keepToken, Problem } from './api';
import { askToken } from './dialogs';
import { h } from './dom';
import type { About } from './model/types';
import { showWorklist } from './pages/worklist_page';
import './style/base.css';
import './style/worklist.css';
import './style/viewer.css';
import './style/findings.css';

/** A page in the document; call `leave` before the next one comes. */
export interface Page {
  leave(): void;
}

const kRoot = document.getElementById('app')!;
let current: Page | undefined;
let routed = 0;

async function route(about: About): Promise<void> {
  const turn = ++routed;
  current?.leave();
  current = undefined;
  kRoot.replaceChildren();
  const exam = /^#\/exam\/([0-9.]{1,64})$/.exec(window.location.hash);
  if (!exam) {
    current = showWorklist(kRoot, about);
    return;
  }
  // The viewer is large: the worklist does not wait for it.
  const { showExam } = await import('./pages/exam_page');
  if (turn === routed) current = showExam(kRoot, about, exam[1]!);
}

async function start(): Promise<void> {
  try {
    const about = await askAbout();
    window.addEventListener('hashchange', () => void route(about));
    await route(about);
  } catch (cause) {
    if (cause instanceof Problem && cause.status === 401) {
      const token = await askToken();
      if (token) {
        keepToken(token);
        return start();
      }
    }
    const words = cause instanceof Error ? cause.message : String(cause);
    kRoot.replaceChildren(
      h(
        'main',
        { class: 'stopped' },
        h('h1', {}, 'Lucerna'),
        h('p', { role: 'alert' }, words),
        h('button', { class: 'primary', click: () => window.location.reload() }, 'Try again'),
      ),
    );
  }
}

void start();
