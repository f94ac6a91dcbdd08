/** One of the four places: a picture, hung, with its marks and what stands around it. */
import { Enums, type RenderingEngine, type StackViewport } from '@cornerstonejs/core';
import { h, s } from '../dom';
import {
  hang,
  headerSaysWallAtRight,
  parseView,
  pixelsSayWallAtRight,
  type Hanging,
  type Side,
  type Vector,
} from '../model/hanging';
import {
  hungSize,
  niceLength,
  paneFromStored,
  poseAt,
  storedCentre,
  type Pose,
  type Size,
} from '../model/layout';
import { titleOf, type ShownImage } from '../model/images';
import { windowOf, rangeOf, type Window } from '../model/window';
import { drawMarks, type Mark } from './overlay';
import type { LoadedImage } from './pixels';

export interface PaneListener {
  moved(pane: Pane): void;
  windowed(pane: Pane): void;
  selected(finding: string): void;
  enlarge(pane: Pane): void;
}

const kCameraDistance = 1000;

function wallAtRight(loaded: LoadedImage): boolean {
  const { columns, rows } = loaded.picture;
  const pixels = loaded.image.getPixelData();
  const sign = loaded.header.monochrome1 ? -1 : 1;
  return pixelsSayWallAtRight(columns, rows, (x, y) => sign * (pixels[y * columns + x] ?? 0));
}

export class Pane {
  readonly root: HTMLElement;
  readonly side: Side;
  private readonly host = h('div', { class: 'pixels' });
  private readonly overlay = s('svg', { class: 'overlay', role: 'presentation' });
  private readonly name = h('span', { class: 'view-name' });
  private readonly label = h('span', { class: 'ai-label' });
  private readonly notes = h('p', { class: 'notes' });
  private readonly figures = h('span', { class: 'figures' });
  private readonly bar = h('span', { class: 'scale-bar' });
  private readonly message = h('p', { class: 'message', role: 'status' });
  private engine: RenderingEngine | undefined;
  private shown: LoadedImage | undefined;
  private cautions = '';
  /** Up with each clear: what was asked for before does not come up any more. */
  private turn = 0;
  private drawing: Promise<void> = Promise.resolve();
  private hanging: Hanging | undefined;
  private marks: readonly Mark[] = [];
  private marksVisible = true;
  private headerWindow: Window | undefined;
  private headerInverted = false;
  /** True while a change comes from here, so that it is not taken for the reader's. */
  private applying = false;

  constructor(
    readonly place: number,
    readonly title: string,
    private readonly listener: PaneListener,
  ) {
    this.side = place % 2 === 0 ? 'R' : 'L';
    this.root = h(
      'section',
      { class: `pane ${this.side === 'R' ? 'right-breast' : 'left-breast'}`, 'data-place': place },
      this.host,
      this.overlay,
      h('header', { class: 'corner' }, this.name, this.label),
      this.notes,
      h('footer', { class: 'corner' }, this.figures, this.bar),
      this.message,
    );
    this.name.textContent = title;
    this.root.setAttribute('aria-label', `View ${title}`);
    this.root.addEventListener('dblclick', () => listener.enlarge(this));
    this.host.addEventListener('contextmenu', (event) => event.preventDefault());
  }

  get viewportId(): string {
    return `place-${this.place}`;
  }
  get loaded(): LoadedImage | undefined {
    return this.shown;
  }
  get hungSize(): Size | undefined {
    return this.shown && this.hanging && hungSize(this.shown.picture, this.hanging);
  }
  get size(): Size {
    return { width: this.host.clientWidth || 1, height: this.host.clientHeight || 1 };
  }

  /** Call once the root is in the document. */
  enable(engine: RenderingEngine): void {
    this.engine = engine;
    engine.enableElement({
      viewportId: this.viewportId,
      type: Enums.ViewportType.STACK,
      element: this.host,
      defaultOptions: { background: [0, 0, 0] },
    });
    this.host.addEventListener(Enums.Events.CAMERA_MODIFIED, () => {
      if (this.applying || !this.shown) return;
      this.drawOverlay();
      this.listener.moved(this);
    });
    this.host.addEventListener(Enums.Events.VOI_MODIFIED, () => {
      if (this.applying || !this.shown) return;
      this.drawFigures();
      this.listener.windowed(this);
    });
  }

  say(words: string, kind: 'waiting' | 'problem' | 'absent' | '' = ''): void {
    this.message.textContent = words;
    this.message.className = `message ${kind}`;
    this.message.hidden = words === '';
  }

  /** Takes down what is there and what is on its way. Gives the turn of what is to come up now. */
  clear(words: string, kind: 'waiting' | 'problem' | 'absent'): number {
    this.shown = undefined;
    this.hanging = undefined;
    this.marks = [];
    this.overlay.replaceChildren();
    this.cautions = '';
    this.label.textContent = '';
    this.notes.textContent = '';
    this.figures.textContent = '';
    this.bar.hidden = true;
    this.name.textContent = this.title;
    this.root.setAttribute('aria-label', `View ${this.title}`);
    this.root.dataset['state'] = kind;
    this.say(words, kind);
    this.host.classList.add('empty');
    return ++this.turn;
  }

  isAt(turn: number): boolean {
    return turn === this.turn;
  }

  /**
   * Puts the picture up, unless the pane was cleared since it gave `turn`; where the picture then
   * lies is up to setPose.
   */
  show(loaded: LoadedImage, turn: number): Promise<void> {
    // In turn: Cornerstone would show the one that is ready last.
    this.drawing = this.drawing.catch(() => {}).then(() => this.put(loaded, turn));
    return this.drawing;
  }

  private async put(loaded: LoadedImage, turn: number): Promise<void> {
    if (!this.isAt(turn)) return;
    this.applying = true;
    try {
      await this.viewport.setStack([loaded.imageId]);
    } finally {
      this.applying = false;
    }
    if (!this.isAt(turn)) return;
    const properties = this.viewport.getProperties();
    this.headerInverted = properties.invert ?? false;
    this.headerWindow = properties.voiRange ? windowOf(properties.voiRange) : undefined;
    const view = parseView(loaded.shown.view) ?? { side: this.side, position: 'CC' };
    const fromPixels = wallAtRight(loaded);
    this.hanging = hang(view, loaded.header.patientOrientation, fromPixels);
    this.cautions = this.cautionsOf(loaded, fromPixels);
    this.shown = loaded;
    this.tell(loaded.shown);
    this.root.dataset['state'] = 'shown';
    this.host.classList.remove('empty');
    this.say('');
    this.drawFigures();
  }

  /** What is to be known of the picture that hangs: it may be read after it was hung. */
  tell(shown: ShownImage): void {
    this.name.textContent = titleOf(shown);
    this.root.setAttribute('aria-label', `View ${titleOf(shown)}`);
    this.label.textContent = shown.label;
    this.label.classList.toggle('not-read', !shown.isRead);
    this.notes.textContent = [shown.why && `Not read: ${shown.why}`, this.cautions]
      .filter(Boolean)
      .join(' ');
  }

  private cautionsOf(loaded: LoadedImage, fromPixels: boolean): string {
    const fromHeader = headerSaysWallAtRight(loaded.header.patientOrientation);
    return [
      this.hanging?.assumed ?? '',
      fromHeader !== undefined && fromHeader !== fromPixels
        ? 'The pixels look as if the chest wall were on the other side than the header says.'
        : '',
      loaded.header.hasSpacing ? '' : 'The header gives no pixel size: not to scale.',
    ]
      .filter(Boolean)
      .join(' ');
  }

  private get viewport(): StackViewport {
    return this.engine!.getViewport(this.viewportId) as StackViewport;
  }

  get pose(): Pose | undefined {
    if (!this.shown || !this.hanging) return undefined;
    const { focalPoint, parallelScale } = this.viewport.getCamera();
    if (!focalPoint || !parallelScale) return undefined;
    const { columnSpacing, rowSpacing } = this.shown.picture;
    // World coordinates count from the middle of the first pixel.
    const centre = { x: focalPoint[0] / columnSpacing + 0.5, y: focalPoint[1] / rowSpacing + 0.5 };
    return poseAt(this.shown.picture, this.hanging, centre, parallelScale);
  }

  setPose(pose: Pose): void {
    if (!this.shown || !this.hanging) return;
    const { picture } = this.shown;
    const { right, down } = this.hanging;
    const centre = storedCentre(picture, this.hanging, pose);
    const x = (centre.x - 0.5) * picture.columnSpacing;
    const y = (centre.y - 0.5) * picture.rowSpacing;
    // Towards the reader: right x up, with up = -down; both lie in the picture's plane.
    const towards = -(right.x * down.y - right.y * down.x);
    this.applying = true;
    this.viewport.setCamera({
      focalPoint: [x, y, 0],
      position: [x, y, towards * kCameraDistance],
      viewPlaneNormal: [0, 0, towards],
      viewUp: [-down.x, -down.y, 0],
      parallelScale: pose.halfHeight,
      // Cornerstone's own is of the picture before, seen from its side: this one may be mirrored.
      clippingRange: [kCameraDistance / 2, kCameraDistance * 2],
    });
    this.viewport.render();
    this.applying = false;
    this.drawOverlay();
  }

  get window(): { header: Window; now: Window } | undefined {
    const range = this.shown && this.viewport.getProperties().voiRange;
    return range && this.headerWindow && { header: this.headerWindow, now: windowOf(range) };
  }

  setWindow(window: Window): void {
    if (!this.shown) return;
    this.applying = true;
    this.viewport.setProperties({ voiRange: rangeOf(window) });
    this.viewport.render();
    this.applying = false;
    this.drawFigures();
  }

  setInverted(inverted: boolean): void {
    if (!this.shown) return;
    this.applying = true;
    this.viewport.setProperties({ invert: inverted !== this.headerInverted });
    this.viewport.render();
    this.applying = false;
  }

  setMarks(marks: readonly Mark[]): void {
    this.marks = marks;
    this.drawOverlay();
  }

  showMarks(visible: boolean): void {
    this.marksVisible = visible;
    this.root.classList.toggle('marks-hidden', !visible);
    this.drawOverlay();
  }

  /** The pose that puts a point of the stored picture in the middle. */
  poseOn(point: Vector, halfHeight: number): Pose | undefined {
    return this.shown && this.hanging && poseAt(this.shown.picture, this.hanging, point, halfHeight);
  }

  private drawOverlay(): void {
    const pose = this.pose;
    if (!pose || !this.shown || !this.hanging) return;
    const toPane = paneFromStored(this.shown.picture, this.hanging, pose, this.size);
    const marks = this.marksVisible ? this.marks : [];
    drawMarks(this.overlay, marks, toPane, this.size, (id) => this.listener.selected(id));
    this.drawScaleBar(pose);
  }

  private drawScaleBar(pose: Pose): void {
    const pixelsPerMm = this.size.height / (2 * pose.halfHeight);
    const length = niceLength(90 / pixelsPerMm);
    this.bar.hidden = !this.shown?.header.hasSpacing;
    this.bar.style.width = `${length * pixelsPerMm}px`;
    this.bar.textContent = length >= 10 ? `${length / 10} cm` : `${length} mm`;
  }

  private drawFigures(): void {
    const window = this.window?.now;
    this.figures.textContent = window
      ? `W ${Math.round(window.width)}  C ${Math.round(window.centre)}`
      : '';
  }
}
