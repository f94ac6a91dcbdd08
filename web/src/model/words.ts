/** DICOM values and scores as people read them. */

/** "Doe^Jane^Q^Dr" to "Doe, Jane Q"; only the alphabetic group (PS3.5 6.2). */
export function personName(text: string): string {
  const [family = '', given = '', middle = ''] = (text.split('=')[0] ?? '')
    .split('^')
    .map((part) => part.trim());
  const rest = [given, middle].filter(Boolean).join(' ');
  return [family, rest].filter(Boolean).join(', ');
}

/** "20260301" to "2026-03-01"; another text stays as it is. */
export function dicomDate(text: string): string {
  const match = /^(\d{4})(\d{2})(\d{2})$/.exec(text.trim());
  return match ? `${match[1]}-${match[2]}-${match[3]}` : text;
}

/** "081530.25" to "08:15". */
export function dicomTime(text: string): string {
  const match = /^(\d{2})(\d{2})/.exec(text.trim());
  return match ? `${match[1]}:${match[2]}` : text;
}

/** RFC 3339 to "2026-03-01 08:15" in the reader's own time. */
export function moment(text: string): string {
  const when = new Date(text);
  if (Number.isNaN(when.getTime())) return text;
  const two = (value: number) => String(value).padStart(2, '0');
  return (
    `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())} ` +
    `${two(when.getHours())}:${two(when.getMinutes())}`
  );
}

/** A calibrated probability: "43 %", and "<1 %" rather than a nought that claims too much. */
export function percent(score: number): string {
  if (score > 0 && score < 0.01) return '<1 %';
  if (score < 1 && score > 0.99) return '>99 %';
  // Down, as in the reports: no score may look as if it reached a threshold.
  return `${Math.floor(score * 100 + 1e-9)} %`;
}

/** "40.5 %" of an operating point, which is compared and so wants its decimal. */
export function thresholdPercent(threshold: number): string {
  return `${(threshold * 100).toFixed(1)} %`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

const kStates: Record<string, string> = {
  receiving: 'Receiving',
  waiting: 'Waiting to be read',
  reading: 'Being read',
  read: 'Read',
  refused: 'Not read',
  failed: 'Failed',
};

export function stateInWords(state: string): string {
  return kStates[state] ?? state;
}
