/** The server's /api. What goes wrong is a Problem: a sentence a person can read. */
import type { About, Action, Decision, ExamDetail, Worklist } from './model/types';

const kTokenKey = 'lucerna.token';

export class Problem extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

/** What a site that asks for a token wants to see on each request; empty on a local one. */
export function authorization(): Record<string, string> {
  const token = sessionStorage.getItem(kTokenKey);
  return token ? { Authorization: `Bearer ${token}` } : {};
}

export function keepToken(token: string): void {
  if (token) sessionStorage.setItem(kTokenKey, token);
  else sessionStorage.removeItem(kTokenKey);
}

/** The server's own words where it gave some: its errors are {"error": ..., "message": ...}. */
async function explain(response: Response, doing: string): Promise<Problem> {
  let said = '';
  try {
    const body = (await response.json()) as Record<string, unknown>;
    said = String(body['message'] ?? body['why'] ?? body['error'] ?? '');
  } catch {
    // A proxy's page in between: the status has to do.
  }
  return new Problem(
    `${doing} failed: ${said || response.statusText || 'the server gave no reason'} ` +
      `(${response.status})`,
    response.status,
  );
}

/** `judge` throws where the answer is none that the caller can use. */
export async function fetchJson<T>(
  path: string,
  doing: string,
  init: RequestInit = {},
  judge: (response: Response) => void = () => {},
): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      ...init,
      headers: { Accept: 'application/json', ...authorization(), ...init.headers },
    });
  } catch (cause) {
    throw new Problem(
      `${doing} failed: the server does not answer. Is it running? (${String(cause)})`,
      0,
    );
  }
  if (!response.ok) throw await explain(response, doing);
  judge(response);
  try {
    return (await response.json()) as T;
  } catch {
    throw new Problem(`${doing} failed: the answer is not JSON`, response.status);
  }
}

const at = encodeURIComponent;

export function about(): Promise<About> {
  return fetchJson('api/about', 'Asking the server about itself');
}

export function worklist(limit = 500): Promise<Worklist> {
  return fetchJson(`api/worklist?limit=${limit}`, 'Loading the worklist');
}

export function examDetail(study: string): Promise<ExamDetail> {
  return fetchJson(`api/exams/${at(study)}`, 'Loading the exam');
}

export function decide(
  study: string,
  finding: string,
  said: { action: Action; comment: string; reader: string; reading_id: string },
): Promise<Decision> {
  return fetchJson(
    `api/exams/${at(study)}/findings/${at(finding)}/decisions`,
    'Keeping the decision',
    {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(said),
    },
  );
}

/**
 * Calls back whenever an exam or decision changed: by server-sent events, and by asking every few
 * seconds while those do not come through. Returns what stops it.
 */
export function watch(changed: () => void, everyMs = 5000): () => void {
  let timer: number | undefined;
  const poll = (on: boolean) => {
    if (!on) window.clearInterval(timer);
    timer = on ? (timer ?? window.setInterval(changed, everyMs)) : undefined;
  };
  const events = new EventSource('api/events');
  events.addEventListener('open', () => poll(false));
  events.addEventListener('changed', changed);
  // Also where a token is asked for, which EventSource cannot send.
  events.addEventListener('error', () => poll(true));
  return () => {
    events.close();
    poll(false);
  };
}
