/** The few questions that the page asks, and its help. */
import { h } from './dom';
import type { KeyAction } from './keys';

/** Shows a dialog until it closes; resolves with the value of the button that closed it. */
function ask(dialog: HTMLDialogElement): Promise<string> {
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      resolve(dialog.returnValue);
      dialog.remove();
    });
  });
}

function field(label: string, input: HTMLElement): HTMLLabelElement {
  return h('label', {}, h('span', {}, label), input);
}

function question(
  title: string,
  words: string,
  input: HTMLInputElement,
  label: string,
): HTMLDialogElement {
  return h(
    'dialog',
    { 'aria-label': title },
    h(
      'form',
      { method: 'dialog' },
      h('h2', {}, title),
      h('p', {}, words),
      field(label, input),
      h(
        'div',
        { class: 'buttons' },
        h('button', { value: 'ok', class: 'primary' }, 'Keep'),
        h('button', { value: 'cancel', formnovalidate: true }, 'Cancel'),
      ),
    ),
  );
}

/** The reader's name, or undefined when the question was put away. */
export async function askReader(current: string): Promise<string | undefined> {
  const input = h('input', { required: true, maxlength: 64, autocomplete: 'name', value: current });
  const answer = await ask(
    question(
      'Who is reading?',
      'Your name is kept with each decision you make. This server has not checked who you are: ' +
        'the name is marked as self-declared.',
      input,
      'Your name',
    ),
  );
  return answer === 'ok' && input.value.trim() ? input.value.trim() : undefined;
}

/** The token that a site beyond this machine asks for. */
export async function askToken(): Promise<string | undefined> {
  const input = h('input', { required: true, type: 'password', autocomplete: 'off' });
  const answer = await ask(
    question(
      'Access token',
      'This server answers only with a token. It is kept until this tab closes.',
      input,
      'Token',
    ),
  );
  return answer === 'ok' ? input.value : undefined;
}

export function showKeys(actions: readonly KeyAction[], more: [string, string][] = []): void {
  const rows = [...actions.map((each): [string, string] => [each.shown, each.does]), ...more];
  void ask(
    h(
      'dialog',
      { 'aria-label': 'Keys', class: 'keys' },
      h('h2', {}, 'Keys'),
      h(
        'dl',
        {},
        ...rows.flatMap(([shown, does]) => [h('dt', {}, h('kbd', {}, shown)), h('dd', {}, does)]),
      ),
      h('form', { method: 'dialog' }, h('button', { class: 'primary' }, 'Close')),
    ),
  );
}
