/** The viewer's buttons; each says its key and whether it is on. */
import { h } from '../dom';
import type { DragTool } from '../viewer/board';

export interface ToolbarListener {
  tool(tool: DragTool): void;
  zoomIn(): void;
  zoomOut(): void;
  fullResolution(): void;
  reset(): void;
  invert(): void;
  link(): void;
  marks(): void;
  enlarge(place: number | undefined): void;
}

export interface ToolbarState {
  tool: DragTool;
  inverted: boolean;
  linked: boolean;
  marks: boolean;
}

const kTools: [DragTool, string, string][] = [
  ['window', 'Window', 'W'],
  ['zoom', 'Zoom', 'Z'],
  ['pan', 'Pan', 'P'],
];

export class Toolbar {
  readonly root: HTMLElement;
  private readonly tools = new Map<DragTool, HTMLButtonElement>();
  private readonly switches: Record<'inverted' | 'linked' | 'marks', HTMLButtonElement>;

  constructor(listener: ToolbarListener) {
    for (const [tool, words, key] of kTools)
      this.tools.set(tool, button(words, key, () => listener.tool(tool)));
    this.switches = {
      inverted: button('Invert', 'I', () => listener.invert()),
      linked: button('Linked', 'L', () => listener.link()),
      marks: button('AI marks', 'O', () => listener.marks()),
    };
    this.root = h(
      'div',
      { class: 'toolbar', role: 'toolbar', 'aria-label': 'Viewer' },
      group('Drag', ...this.tools.values()),
      group(
        'Size',
        button('−', '-', () => listener.zoomOut(), 'Zoom out'),
        button('+', '+', () => listener.zoomIn(), 'Zoom in'),
        button('1:1', 'X', () => listener.fullResolution(), 'Full resolution'),
        button('Reset', 'R', () => listener.reset()),
      ),
      group('Show', this.switches.inverted, this.switches.linked, this.switches.marks),
      group(
        'View',
        ...['R-CC', 'L-CC', 'R-MLO', 'L-MLO'].map((view, place) =>
          button(view, String(place + 1), () => listener.enlarge(place), `Only ${view}`),
        ),
        button('All', '0', () => listener.enlarge(undefined), 'All four views'),
      ),
    );
  }

  show(state: Partial<ToolbarState>): void {
    if (state.tool)
      for (const [tool, element] of this.tools) press(element, tool === state.tool);
    for (const name of ['inverted', 'linked', 'marks'] as const)
      if (state[name] !== undefined) press(this.switches[name], state[name]);
  }
}

function group(label: string, ...buttons: HTMLElement[]): HTMLElement {
  return h('div', { class: 'group', role: 'group', 'aria-label': label }, ...buttons);
}

function button(words: string, key: string, click: () => void, label = words): HTMLButtonElement {
  return h('button', { click, title: `${label} (${key})`, 'aria-label': label, 'aria-keyshortcuts': key }, words, ' ', h('kbd', {}, key));
}

function press(element: HTMLButtonElement, on: boolean): void {
  element.setAttribute('aria-pressed', on ? 'true' : 'false');
}
