/** The worklist: exams by urgency, kept up to date. */
import { watch, worklist } from '../api';
import { showKeys } from '../dialogs';
import { h } from '../dom';
import { listen, type KeyAction } from '../keys';
import type { Page } from '../main';
import type { About, ExamCard } from '../model/types';
import {
  dicomDate,
  dicomTime,
  moment,
  percent,
  personName,
  plural,
  stateInWords,
} from '../model/words';
import { byUrgency, matches, viewMarks } from '../model/worklist';
import { rememberOrder } from '../order';
import { badge, modelLine, Notice, useStatement } from './frame';

const kHeadings = [
  '#', 'AI score', 'State', 'Patient', 'Study', 'Views', 'Findings', 'Not read, and why',
  'Received',
];
const kStates = ['', 'read', 'refused', 'failed', 'reading', 'waiting', 'receiving'];

export function examAddress(study: string): string {
  return `#/exam/${study}`;
}

function viewsCell(exam: ExamCard): HTMLElement {
  const marks = viewMarks(exam.views).map(({ view, present }) =>
    h(
      'span',
      { class: `view ${present ? 'present' : 'missing'}`, title: present ? view : `${view} missing` },
      present ? view : h('s', {}, view),
    ),
  );
  return h('td', { class: 'views' }, ...marks);
}

function scoreCell(exam: ExamCard): HTMLElement {
  if (exam.score === null) return h('td', { class: 'score' }, h('span', { class: 'none' }, '–'));
  return h(
    'td',
    { class: 'score' },
    h('span', { class: 'number' }, percent(exam.score)),
    h('meter', {
      min: 0,
      max: 1,
      value: exam.score,
      'aria-label': `AI score ${percent(exam.score)}`,
    }),
    ...exam.above.map((name) => badge('above', `▲ ${name}`, `At or above operating point ${name}`)),
  );
}

function refusalsCell(exam: ExamCard): HTMLElement {
  const lines = exam.refusals.map((each) =>
    h(
      'li',
      { title: [each.where, each.remedy].filter(Boolean).join(' — ') || undefined },
      each.view ? h('b', {}, `${each.view}: `) : null,
      each.what,
    ),
  );
  if (exam.problem) lines.unshift(h('li', {}, h('b', {}, 'Failed: '), exam.problem));
  return h('td', { class: 'refusals' }, lines.length > 0 ? h('ul', {}, ...lines) : '');
}

function decidedWords(exam: ExamCard): string {
  if (exam.state !== 'read' && exam.findings === 0) return '';
  if (exam.findings === 0) return 'no findings';
  return `${plural(exam.findings, 'finding')}, ${exam.decided} decided`;
}

function rowOf(exam: ExamCard, index: number, selected: boolean): HTMLElement {
  const address = examAddress(exam.study_instance_uid);
  const person = [
    exam.patient_id,
    exam.patient_birth_date && `born ${dicomDate(exam.patient_birth_date)}`,
  ];
  return h(
    'tr',
    {
      class: `${exam.state}${selected ? ' selected' : ''}`,
      'aria-selected': selected ? 'true' : 'false',
      click: () => (window.location.hash = address),
    },
    h('td', { class: 'rank' }, index + 1),
    scoreCell(exam),
    h('td', { class: 'state' }, badge(`state-${exam.state}`, stateInWords(exam.state))),
    h(
      'td',
      { class: 'patient' },
      h('a', { href: address }, personName(exam.patient_name) || 'Name unknown'),
      exam.synthetic ? badge('synthetic', 'SYNTHETIC', 'Made by the phantom generator') : null,
      h('small', {}, person.filter(Boolean).join(' · ')),
    ),
    h(
      'td',
      { class: 'date', title: `Received ${moment(exam.last_received_at)}` },
      `${dicomDate(exam.study_date)} ${dicomTime(exam.study_time)}`,
      h('small', {}, exam.study_description),
    ),
    viewsCell(exam),
    h('td', { class: 'decided' }, decidedWords(exam)),
    refusalsCell(exam),
    h('td', { class: 'received' }, moment(exam.last_received_at)),
  );
}

class WorklistPage implements Page {
  private readonly notice = new Notice();
  private readonly body = h('tbody');
  private readonly count = h('span', { class: 'count', 'aria-live': 'polite' });
  private readonly search = h('input', {
    type: 'search',
    placeholder: 'Name, ID, date, accession',
    'aria-label': 'Find an exam',
    input: () => this.draw(),
    keydown: (event: KeyboardEvent) => {
      if (event.key === 'Escape' || event.key === 'Enter') this.search.blur();
    },
  });
  private readonly states = h(
    'select',
    { 'aria-label': 'State', change: () => this.draw() },
    ...kStates.map((state) =>
      h('option', { value: state }, state ? stateInWords(state) : 'All states'),
    ),
  );
  private readonly actions: KeyAction[] = [
    { keys: ['ArrowDown', 'j'], shown: '↓ J', does: 'Next exam', run: () => this.move(1) },
    { keys: ['ArrowUp', 'k'], shown: '↑ K', does: 'Previous exam', run: () => this.move(-1) },
    { keys: ['Enter'], shown: 'Enter', does: 'Open the exam', run: () => this.open() },
    { keys: ['/'], shown: '/', does: 'Find an exam', run: () => this.search.focus() },
    { keys: ['?'], shown: '?', does: 'This help', run: () => showKeys(this.actions) },
  ];
  private readonly stops: (() => void)[] = [];
  private exams: ExamCard[] = [];
  private hasMore = false;
  private selected = 0;

  constructor(root: HTMLElement, about: About) {
    document.title = 'Worklist – Lucerna';
    root.append(
      this.header(about),
      useStatement(about),
      this.notice.root,
      this.table(),
      h(
        'footer',
        { class: 'bottom' },
        h('span', {}, `Lucerna ${about.version}`),
        h('span', {}, about.model.intended_use),
        h('span', {}, about.model.attribution),
      ),
    );
    void this.refresh();
    this.stops.push(watch(() => void this.refresh()), listen(this.actions));
  }

  leave(): void {
    for (const stop of this.stops) stop();
  }

  private header(about: About): HTMLElement {
    return h(
      'header',
      { class: 'top' },
      h('h1', {}, 'Lucerna', h('small', {}, 'Worklist')),
      this.search,
      this.states,
      this.count,
      h('span', { class: 'space' }),
      h('span', { class: 'model', title: about.model.sha256 }, `Model ${modelLine(about)}`),
      h(
        'button',
        { title: 'Keys (?)', click: () => showKeys(this.actions) },
        'Keys ',
        h('kbd', {}, '?'),
      ),
    );
  }

  private table(): HTMLElement {
    return h(
      'main',
      { class: 'worklist' },
      h(
        'table',
        {},
        h('caption', { class: 'hidden' }, 'Exams, the most urgent by the AI score first'),
        h('thead', {}, h('tr', {}, ...kHeadings.map((text) => h('th', { scope: 'col' }, text)))),
        this.body,
      ),
    );
  }

  private shown(): ExamCard[] {
    const { value: state } = this.states;
    return this.exams.filter(
      (exam) => (!state || exam.state === state) && matches(exam, this.search.value),
    );
  }

  private draw(): void {
    const list = this.shown();
    this.selected = Math.max(0, Math.min(this.selected, list.length - 1));
    this.body.replaceChildren(
      ...list.map((exam, index) => rowOf(exam, index, index === this.selected)),
    );
    if (list.length === 0) {
      const words =
        this.exams.length === 0
          ? 'No exams yet. Send mammograms by C-STORE or STOW-RS and they appear here.'
          : this.hasMore
            ? `None of the ${this.exams.length} most urgent exams matches; the others are not looked at here.`
            : 'No exam matches.';
      this.body.append(
        h('tr', { class: 'nothing' }, h('td', { colspan: kHeadings.length }, words)),
      );
    }
    const all = this.hasMore
      ? `the ${this.exams.length} most urgent exams`
      : plural(this.exams.length, 'exam');
    this.count.textContent = list.length === this.exams.length ? all : `${list.length} of ${all}`;
    rememberOrder(list.map((exam) => exam.study_instance_uid));
  }

  private async refresh(): Promise<void> {
    try {
      const kept = this.shown()[this.selected]?.study_instance_uid;
      const list = await worklist();
      this.exams = list.exams.sort(byUrgency);
      this.hasMore = list.more;
      const at = this.shown().findIndex((exam) => exam.study_instance_uid === kept);
      if (at >= 0) this.selected = at;
      this.notice.say('');
      this.draw();
    } catch (cause) {
      this.notice.show(cause);
    }
  }

  private move(step: number): void {
    this.selected += step;
    this.draw();
    this.body.children[this.selected]?.scrollIntoView({ block: 'nearest' });
  }

  private open(): void {
    const exam = this.shown()[this.selected];
    if (exam) window.location.hash = examAddress(exam.study_instance_uid);
  }
}

export function showWorklist(root: HTMLElement, about: About): Page {
  return new WorklistPage(root, about);
}
