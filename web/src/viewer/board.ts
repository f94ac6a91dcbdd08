/** The four views at one scale, chest walls back to back, moved together or each on its own. */
import { RenderingEngine } from '@cornerstonejs/core';
import {
  Enums as ToolEnums,
  PanTool,
  ToolGroupManager,
  WindowLevelTool,
  ZoomTool,
  addTool,
} from '@cornerstonejs/tools';
import { h } from '../dom';
import { centreOf } from '../model/contour';
import { kStandardViews, type Vector } from '../model/hanging';
import {
  commonHalfHeight,
  homePose,
  kNoMove,
  moveFrom,
  poseAfter,
  type Move,
  type Pose,
} from '../model/layout';
import { changeOf, windowAfter } from '../model/window';
import type { Mark } from './overlay';
import { Pane } from './pane';
import type { LoadedImage } from './pixels';

export type DragTool = 'window' | 'zoom' | 'pan';

const kToolNames: Record<DragTool, string> = {
  window: WindowLevelTool.toolName,
  zoom: ZoomTool.toolName,
  pan: PanTool.toolName,
};
const kGroup = 'reading';
const kGoToZoom = 3;
let toolsAdded = false;

export class Board {
  readonly root: HTMLElement;
  readonly panes: Pane[];
  private engine: RenderingEngine | undefined;
  private readonly resizing: ResizeObserver;
  private moves: Move[] = [kNoMove, kNoMove, kNoMove, kNoMove];
  private linked = true;
  private inverted = false;
  private enlarged: Pane | undefined;

  constructor(selected: (finding: string) => void) {
    const listener = {
      moved: (pane: Pane) => this.moved(pane),
      windowed: (pane: Pane) => this.windowed(pane),
      selected,
      enlarge: (pane: Pane) => this.enlarge(this.enlarged === pane ? undefined : pane.place),
    };
    this.panes = kStandardViews.map((view, place) => new Pane(place, view, listener));
    this.root = h(
      'div',
      { class: 'board', role: 'group', 'aria-label': 'The four views' },
      ...this.panes.map((pane) => pane.root),
    );
    this.resizing = new ResizeObserver(() => this.resize());
  }

  /** Call once the root is in the document and rendering is prepared. */
  start(): void {
    const engine = new RenderingEngine('reading');
    this.engine = engine;
    for (const pane of this.panes) pane.enable(engine);
    if (!toolsAdded) [PanTool, ZoomTool, WindowLevelTool].forEach((tool) => addTool(tool));
    toolsAdded = true;
    ToolGroupManager.destroyToolGroup(kGroup);
    const group = ToolGroupManager.createToolGroup(kGroup)!;
    for (const name of Object.values(kToolNames)) group.addTool(name);
    for (const pane of this.panes) group.addViewport(pane.viewportId, engine.id);
    this.useTool('window');
    this.resizing.observe(this.root);
  }

  stop(): void {
    this.resizing.disconnect();
    ToolGroupManager.destroyToolGroup(kGroup);
    this.engine?.destroy();
  }

  /** What dragging with the first button does; the second zooms, the middle one pans. */
  useTool(tool: DragTool): void {
    const group = ToolGroupManager.getToolGroup(kGroup);
    if (!group) return;
    const { Primary, Secondary, Auxiliary, Wheel } = ToolEnums.MouseBindings;
    const always: Record<DragTool, object[]> = {
      window: [],
      zoom: [{ mouseButton: Secondary }, { mouseButton: Wheel }, { numTouchPoints: 2 }],
      pan: [
        { mouseButton: Auxiliary },
        { mouseButton: Primary, modifierKey: ToolEnums.KeyboardBindings.Shift },
      ],
    };
    for (const [each, name] of Object.entries(kToolNames) as [DragTool, string][]) {
      group.setToolPassive(name, { removeAllBindings: true });
      const bindings = [...always[each], ...(each === tool ? [{ mouseButton: Primary }] : [])];
      if (bindings.length > 0) group.setToolActive(name, { bindings: bindings as never });
    }
  }

  /** As Pane.show. */
  async show(place: number, loaded: LoadedImage, turn: number): Promise<void> {
    await this.panes[place]!.show(loaded, turn);
    this.panes[place]!.setInverted(this.inverted);
    this.arrange();
  }

  setLinked(linked: boolean): void {
    this.linked = linked;
  }

  setInverted(inverted: boolean): void {
    this.inverted = inverted;
    for (const pane of this.panes) pane.setInverted(inverted);
  }

  showMarks(visible: boolean): void {
    for (const pane of this.panes) pane.showMarks(visible);
  }

  /** Marks by what keyOf gives; a pane shows those of the image that hangs in it. */
  setMarks(marksOf: (key: string) => Mark[]): void {
    for (const pane of this.panes) if (pane.loaded) pane.setMarks(marksOf(pane.loaded.key));
  }

  reset(): void {
    this.moves = this.moves.map(() => kNoMove);
    for (const pane of this.panes) {
      const window = pane.window;
      if (window) pane.setWindow(window.header);
    }
    this.arrange();
  }

  /** One pane over all, or all four again. */
  enlarge(place: number | undefined): void {
    this.enlarged = place === undefined ? undefined : this.panes[place];
    this.root.classList.toggle('one', this.enlarged !== undefined);
    for (const pane of this.panes) pane.root.classList.toggle('enlarged', pane === this.enlarged);
    this.resize();
  }

  get enlargedPlace(): number | undefined {
    return this.enlarged?.place;
  }

  /** Magnifies all panes by the factor, about the middle of each. */
  magnify(factor: number): void {
    this.moves = this.moves.map((move) => ({ ...move, zoom: clampZoom(move.zoom * factor) }));
    this.arrange();
  }

  /** One pixel of the picture to one of the screen, in every pane. */
  fullResolution(): void {
    const homes = this.homes();
    this.moves = this.moves.map((move, place) => {
      const pane = this.panes[place]!;
      const home = homes[place];
      if (!pane.loaded || !home) return move;
      const devicePixels = pane.size.height * window.devicePixelRatio;
      const halfHeight = (devicePixels * pane.loaded.picture.rowSpacing) / 2;
      return { ...move, zoom: home.halfHeight / halfHeight };
    });
    this.arrange();
  }

  /** Brings a contour to the middle of the pane where its image hangs, enlarged. */
  goTo(key: string, contour: readonly Vector[]): void {
    const pane = this.panes.find((each) => each.loaded?.key === key);
    // Not behind the one that covers all.
    if (pane && this.enlarged && this.enlarged !== pane) this.enlarge(pane.place);
    const home = pane && this.homes()[pane.place];
    if (!pane || !home || contour.length === 0) return;
    const pose = pane.poseOn(centreOf(contour), home.halfHeight / kGoToZoom);
    if (!pose) return;
    this.moves[pane.place] = moveFrom(home, pose, pane.side);
    this.arrange();
  }

  private homes(): (Pose | undefined)[] {
    const hung = this.panes.map((pane) => pane.hungSize);
    const all = hung.filter((size) => size !== undefined);
    return this.panes.map((pane, place) => {
      const size = hung[place];
      // An enlarged pane is alone: the scale is its own picture's.
      const among = pane === this.enlarged && size ? [size] : all;
      return size && homePose(size, pane.side, pane.size, commonHalfHeight(among, pane.size));
    });
  }

  private arrange(): void {
    const homes = this.homes();
    for (const pane of this.panes) {
      const home = homes[pane.place];
      if (home) pane.setPose(poseAfter(home, this.moves[pane.place]!, pane.side));
    }
  }

  private moved(pane: Pane): void {
    const home = this.homes()[pane.place];
    const pose = pane.pose;
    if (!home || !pose) return;
    const move = moveFrom(home, pose, pane.side);
    this.moves = this.moves.map((each, place) =>
      this.linked || place === pane.place ? move : each,
    );
    if (this.linked) this.arrange();
  }

  private windowed(pane: Pane): void {
    const window = pane.window;
    if (!this.linked || !window) return;
    const change = changeOf(window.header, window.now);
    for (const other of this.panes) {
      const its = other === pane ? undefined : other.window;
      if (its) other.setWindow(windowAfter(its.header, change));
    }
  }

  private resize(): void {
    this.engine?.resize(true, true);
    this.arrange();
  }
}

function clampZoom(zoom: number): number {
  return Math.min(40, Math.max(0.2, zoom));
}
