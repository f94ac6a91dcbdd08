/** An exam: the four views, the model's findings, and what people say of them. */
import { decide, examDetail, Problem, watch, worklist } from '../api';
import { showKeys } from '../dialogs';
import { h } from '../dom';
import { listen, type KeyAction } from '../keys';
import type { Page } from '../main';
import { standingOf } from '../model/decisions';
import { keyOf, type ShownImage } from '../model/images';
import { readingFrom, type Finding, type Reading } from '../model/reading';
import type { About, Action, ExamDetail } from '../model/types';
import { byUrgency, neighbour } from '../model/worklist';
import { rememberedOrder, rememberOrder } from '../order';
import { needReader, readerName } from '../reader';
import { Board, type DragTool } from '../viewer/board';
import { FindingsPanel } from '../viewer/findings_panel';
import type { Mark } from '../viewer/overlay';
import { prepareRendering } from '../viewer/pixels';
import { headingOf, nameOf, notesOf } from './exam_parts';
import { Notice, useStatement } from './frame';
import { Hanger } from './hanger';
import { Toolbar } from './toolbar';

const kMarksKey = 'lucerna.marks';

class ExamPage implements Page {
  private readonly notice = new Notice();
  private readonly said = h('p', { class: 'said', role: 'status' });
  private readonly heading = h('div', { class: 'exam' });
  private readonly aside = h('div', { class: 'more' });
  private readonly reader = h('button', { class: 'reader', click: () => void this.rename() });
  private readonly board = new Board((finding) => this.select(finding));
  private readonly hanger: Hanger;
  private readonly panel: FindingsPanel;
  private readonly toolbar: Toolbar;
  private readonly stops: (() => void)[] = [];
  private readonly actions: KeyAction[];
  private detail: ExamDetail | undefined;
  private reading: Reading | undefined;
  private selected = '';
  private marksVisible = localStorage.getItem(kMarksKey) !== 'off';
  private inverted = false;
  private linked = true;
  private left = false;
  private looking: Promise<void> | undefined;
  private mustLookAgain = false;

  constructor(
    private readonly root: HTMLElement,
    private readonly about: About,
    private readonly study: string,
  ) {
    this.hanger = new Hanger(this.board, study, {
      hung: () => this.draw(),
      failed: () => {
        this.draw();
        void this.refresh();
      },
    });
    this.panel = new FindingsPanel({
      select: (finding) => this.select(finding === this.selected ? '' : finding),
      goTo: (finding) => void this.goTo(finding),
      decide: (finding, action) => void this.decide(finding, action),
    });
    this.toolbar = new Toolbar({
      tool: (tool) => this.useTool(tool),
      zoomIn: () => this.board.magnify(1.25),
      zoomOut: () => this.board.magnify(0.8),
      fullResolution: () => this.board.fullResolution(),
      reset: () => this.reset(),
      invert: () => this.invert(),
      link: () => this.link(),
      marks: () => this.switchMarks(),
      enlarge: (place) => this.board.enlarge(place),
    });
    this.actions = this.keys();
    this.lay();
  }

  async open(): Promise<void> {
    this.stops.push(listen(this.actions));
    for (const pane of this.board.panes) pane.say('Loading…', 'waiting');
    try {
      await prepareRendering();
      if (this.left) return;
      this.board.start();
      this.stops.push(() => this.board.stop());
      this.board.showMarks(this.marksVisible);
      await this.look();
      if (!this.left) this.stops.push(watch(() => void this.refresh()));
    } catch (cause) {
      this.notice.show(cause);
      for (const pane of this.board.panes) if (!pane.loaded) pane.say('', '');
    }
  }

  leave(): void {
    this.left = true;
    this.hanger.leave();
    for (const stop of this.stops) stop();
  }

  private lay(): void {
    this.root.append(
      h(
        'header',
        { class: 'top' },
        h('a', { class: 'back', href: '#/', title: 'Back to the worklist (Esc)' }, '‹ Worklist'),
        this.heading,
        h('span', { class: 'space' }),
        this.reader,
        h('button', { title: 'Previous exam (B)', click: () => void this.step(-1) }, '‹ Previous'),
        h('button', { title: 'Next exam (N)', click: () => void this.step(1) }, 'Next ›'),
        h('button', { title: 'Keys (?)', click: () => this.help() }, 'Keys ', h('kbd', {}, '?')),
      ),
      useStatement(this.about),
      this.notice.root,
      h(
        'main',
        { class: 'reading' },
        h('div', { class: 'pictures' }, this.toolbar.root, this.board.root),
        h('aside', { 'aria-label': 'Findings and notes' }, this.panel.root, this.said, this.aside),
      ),
    );
    this.showReader();
    this.toolbar.show({ tool: 'window', inverted: false, linked: true, marks: this.marksVisible });
  }

  /** What the server says now: after a decision, or when something changed elsewhere. */
  private refresh(): Promise<void> {
    this.mustLookAgain = true;
    // One at a time, so that no earlier answer comes over a later one.
    this.looking ??= this.lookWhileChanging().finally(() => (this.looking = undefined));
    return this.looking;
  }

  private async lookWhileChanging(): Promise<void> {
    while (this.mustLookAgain && !this.left) {
      this.mustLookAgain = false;
      await this.look().catch((cause: unknown) => this.notice.show(cause));
    }
  }

  private async look(): Promise<void> {
    try {
      const detail = await examDetail(this.study);
      if (!this.left) this.show(detail);
    } catch (cause) {
      if (this.left) return;
      if (!(cause instanceof Problem && cause.status === 404)) throw cause;
      this.forget();
      this.notice.show(cause);
    }
  }

  /** Pictures first: what is gone is taken down before anything is said of what is there now. */
  private show(detail: ExamDetail): void {
    const isReadAgain = this.detail && this.detail.reading_id !== detail.reading_id;
    this.detail = detail;
    this.reading = readingFrom(detail.reading);
    // Its name may be another finding's now, and what was typed was of that one.
    if (isReadAgain) this.letGoOfFinding();
    this.notice.say('');
    this.hanger.update(detail, this.reading);
    document.title = `${nameOf(detail.exam)} – Lucerna`;
    this.heading.replaceChildren(...headingOf(detail.exam));
    this.draw();
  }

  /** The exam was taken out: nothing of it stays on the screen, or in the memory of the page. */
  private forget(): void {
    this.detail = undefined;
    this.reading = undefined;
    this.letGoOfFinding();
    this.hanger.clear('This exam is not here any more');
    document.title = 'Lucerna';
    this.said.textContent = '';
    for (const part of [this.heading, this.aside, this.panel.root]) part.replaceChildren();
  }

  private letGoOfFinding(): void {
    this.selected = '';
    this.panel.forgetComments();
  }

  private draw(): void {
    if (!this.detail) return;
    const { exam, more_images } = this.detail;
    const images = {
      images: this.hanger.all,
      areAll: !more_images,
      hangs: (image: ShownImage) => this.hanger.hangs(image),
      hasFailed: (image: ShownImage) => this.hanger.hasFailed(image),
      hang: (image: ShownImage) => {
        void this.hanger.hang(image);
        this.draw();
      },
    };
    this.aside.replaceChildren(...notesOf(this.about, exam, this.reading, images));
    this.drawFindings();
  }

  private drawFindings(): void {
    if (!this.detail) return;
    const { decisions } = this.detail;
    const findings = this.reading?.findings ?? [];
    const { former_decisions: former, decisions_left_out: leftOut } = this.detail;
    const hangs = (finding: Finding) => {
      const image = this.hanger.withUid(finding.sopInstanceUid);
      return image !== undefined && this.hanger.hangs(image);
    };
    this.panel.draw(this.reading, { decisions, former, leftOut }, this.selected, hangs);
    const marks = findings.map((finding, index): Mark & { key: string } => ({
      id: finding.id,
      number: index + 1,
      score: finding.score,
      verdict: standingOf(decisions, finding.id).verdict,
      selected: finding.id === this.selected,
      contour: finding.contour,
      key: this.keyOfImage(finding),
    }));
    this.board.setMarks((key) => marks.filter((mark) => mark.key === key));
  }

  /** Empty where the image is not among those that the server listed. */
  private keyOfImage(finding: Finding): string {
    const shown = this.hanger.withUid(finding.sopInstanceUid);
    return shown ? keyOf(shown.image) : '';
  }

  private select(finding: string): void {
    this.selected = finding;
    this.drawFindings();
    const item = [...this.panel.root.querySelectorAll<HTMLElement>('.finding')].find(
      (each) => each.dataset['finding'] === finding,
    );
    item?.scrollIntoView({ block: 'nearest' });
  }

  private stepFinding(step: 1 | -1): void {
    const findings = this.reading?.findings ?? [];
    if (findings.length === 0) return;
    const at = findings.findIndex((finding) => finding.id === this.selected);
    const next = at < 0 ? (step > 0 ? 0 : findings.length - 1) : at + step;
    const finding = findings[(next + findings.length) % findings.length]!;
    this.select(finding.id);
  }

  private current(): Finding | undefined {
    return this.reading?.findings.find((finding) => finding.id === this.selected);
  }

  private async goTo(id: string): Promise<void> {
    this.select(id);
    const finding = this.current();
    if (!finding) return;
    const image = this.hanger.withUid(finding.sopInstanceUid);
    if (!image) {
      this.said.textContent = 'The image of that finding is not among those listed here.';
      return;
    }
    await this.hanger.hang(image);
    // Somebody may have gone on meanwhile, or the exam was read again.
    const now = this.current();
    if (now?.id === id && this.hanger.hangs(image)) this.board.goTo(this.keyOfImage(now), now.contour);
  }

  private async decide(finding: string, action: Action): Promise<void> {
    // What is on the screen now: another reading may come while somebody types a name.
    const reading_id = this.detail?.reading_id ?? '';
    const reader = await needReader(this.about);
    if (!reader) return this.notice.say('Not kept: a decision needs a name.');
    this.showReader();
    try {
      const comment = this.panel.comment(finding);
      const kept = await decide(this.study, finding, { action, comment, reader, reading_id });
      this.panel.forgetComment(finding);
      // On another reading, if one came meanwhile, that name is of another finding.
      if (this.detail?.reading_id === reading_id)
        this.detail = { ...this.detail, decisions: [...this.detail.decisions, kept] };
      this.notice.say('');
      const words = { accept: 'accepted', dismiss: 'dismissed', undo: 'decision taken back' }[action];
      this.said.textContent = `Finding ${finding}: ${words}, kept.`;
      this.drawFindings();
    } catch (cause) {
      this.notice.show(cause);
    }
  }

  private decideSelected(action: Action): void {
    if (this.selected) void this.decide(this.selected, action);
    else this.said.textContent = 'Select a finding first (↓).';
  }

  private async step(by: 1 | -1): Promise<void> {
    if (rememberedOrder().length === 0) {
      try {
        const exams = (await worklist()).exams.sort(byUrgency);
        rememberOrder(exams.map((exam) => exam.study_instance_uid));
      } catch (cause) {
        return this.notice.show(cause);
      }
    }
    const next = neighbour(rememberedOrder(), this.study, by);
    if (next) window.location.hash = `#/exam/${next}`;
    else this.said.textContent = by > 0 ? 'This is the last exam.' : 'This is the first exam.';
  }

  private useTool(tool: DragTool): void {
    this.board.useTool(tool);
    this.toolbar.show({ tool });
  }
  private reset(): void {
    this.inverted = false;
    this.board.setInverted(false);
    this.board.reset();
    this.toolbar.show({ inverted: false });
  }
  private invert(): void {
    this.inverted = !this.inverted;
    this.board.setInverted(this.inverted);
    this.toolbar.show({ inverted: this.inverted });
  }
  private link(): void {
    this.linked = !this.linked;
    this.board.setLinked(this.linked);
    this.toolbar.show({ linked: this.linked });
  }
  private switchMarks(): void {
    this.marksVisible = !this.marksVisible;
    localStorage.setItem(kMarksKey, this.marksVisible ? 'on' : 'off');
    this.board.showMarks(this.marksVisible);
    this.toolbar.show({ marks: this.marksVisible });
  }
  private escape(): void {
    if (this.board.enlargedPlace !== undefined) this.board.enlarge(undefined);
    else window.location.hash = '#/';
  }

  private showReader(): void {
    const name = readerName(this.about);
    this.reader.textContent = name ? `Reader: ${name}` : 'Reader: not named';
    this.reader.title = this.about.principal
      ? 'As the connection was authenticated'
      : 'Self-declared; press to change';
  }
  private async rename(): Promise<void> {
    await needReader(this.about, true);
    this.showReader();
  }

  private help(): void {
    showKeys(this.actions, [
      ['drag', 'What the chosen tool does: window, zoom or pan'],
      ['right drag, wheel', 'Zoom'],
      ['middle drag, Shift drag', 'Pan'],
      ['double-click', 'One view over all, and back'],
    ]);
  }

  private keys(): KeyAction[] {
    const key = (shown: string, does: string, run: () => void, ...keys: string[]): KeyAction => ({
      keys: keys.length > 0 ? keys : [shown.toLowerCase()],
      shown,
      does,
      run,
    });
    return [
      key('↓ J', 'Next finding', () => this.stepFinding(1), 'ArrowDown', 'j'),
      key('↑ K', 'Previous finding', () => this.stepFinding(-1), 'ArrowUp', 'k'),
      key('A', 'Accept the finding', () => this.decideSelected('accept')),
      key('D', 'Dismiss the finding', () => this.decideSelected('dismiss')),
      key('U', 'Take the decision back', () => this.decideSelected('undo')),
      key('C', 'Comment on the finding', () => this.panel.focusComment()),
      key('G', 'Go to the finding, enlarged', () => void this.goTo(this.selected)),
      key('O', 'AI marks on or off', () => this.switchMarks()),
      key('W', 'Drag changes the window', () => this.useTool('window')),
      key('Z', 'Drag zooms', () => this.useTool('zoom')),
      key('P', 'Drag pans', () => this.useTool('pan')),
      key('+', 'Zoom in', () => this.board.magnify(1.25), '+', '='),
      key('-', 'Zoom out', () => this.board.magnify(0.8)),
      key('X', 'A pixel of the picture to a pixel of the screen', () => this.board.fullResolution()),
      key('L', 'Views move together, or each on its own', () => this.link()),
      key('I', 'Invert', () => this.invert()),
      key('R', 'Reset window, zoom and position', () => this.reset()),
      ...['1', '2', '3', '4'].map((digit, place) =>
        key(digit, `Only ${this.board.panes[place]!.title}`, () => this.board.enlarge(place)),
      ),
      key('0', 'All four views', () => this.board.enlarge(undefined)),
      key('N ]', 'Next exam', () => void this.step(1), 'n', ']'),
      key('B [', 'Previous exam', () => void this.step(-1), 'b', '['),
      key('Esc', 'All four views, then the worklist', () => this.escape(), 'Escape'),
      key('?', 'This help', () => this.help()),
    ];
  }
}

export function showExam(root: HTMLElement, about: About, study: string): Page {
  const page = new ExamPage(root, about, study);
  page.open().catch((cause: unknown) => {
    if (!(cause instanceof Problem)) console.error(cause);
  });
  return page;
}
