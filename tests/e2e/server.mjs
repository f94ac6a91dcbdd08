// Starts the real server on free ports with an empty data folder, and gives it synthetic exams.
import { spawn, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const kDist = fileURLToPath(new URL('../../web/dist', import.meta.url));

// Resolves with {url, stop, remove, folder}; `folder` keeps what a former server of it kept, `more` are
// arguments beside those that every test needs.
export async function startServer(
  binary,
  { folder = mkdtempSync(join(tmpdir(), 'lucerna-e2e-')), more = [] } = {},
) {
  const model = process.env.LUCERNA_MODEL ? ['--model', process.env.LUCERNA_MODEL] : [];
  const child = spawn(
    binary,
    [
      'serve', '--data', join(folder, 'data'), '--http', '127.0.0.1:0', '--dicom', '127.0.0.1:0',
      '--web', kDist, ...model, ...more,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let log = '';
  child.stderr.on('data', (text) => (log = (log + text).slice(-20000)));
  const ended = new Promise((resolve) => child.on('exit', resolve));
  const url = await new Promise((resolve, reject) => {
    let said = '';
    child.stdout.on('data', (text) => {
      said += text;
      const match = /https?:\/\/127\.0\.0\.1:[1-9]\d*\//.exec(said);
      if (match) resolve(match[0]);
    });
    ended.then((code) => reject(new Error(`the server ended with ${code}:\n${log}`)));
    child.on('error', reject);
  });
  return {
    url,
    folder,
    log: () => log,
    stop: async () => {
      child.kill('SIGTERM');
      return ended;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

// The four files of a synthetic exam.
export function phantom(binary, seed) {
  const out = mkdtempSync(join(tmpdir(), 'lucerna-phantom-'));
  try {
    execFileSync(binary, ['phantom', '--seed', String(seed), '--out', out], { stdio: 'ignore' });
    return readdirSync(out)
      .filter((name) => name.endsWith('.dcm'))
      .map((name) => readFileSync(join(out, name)));
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

// The same file with another Patient's Name (0010,0010); explicit little endian.
export function withPatientName(file, name) {
  return withValue(file, 0x0010, 0x0010, name);
}

function placeOfValue(file, group, element) {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(group);
  head.writeUInt16LE(element, 2);
  for (let at = file.indexOf(head, 132); at >= 0; at = file.indexOf(head, at + 1))
    if (/^[A-Z]{2}$/.test(file.toString('latin1', at + 4, at + 6))) return at + 6;
  throw new Error(`the file has no (${group.toString(16)},${element.toString(16)})`);
}

// The same file with another value of the first element of that tag, which is there and has a length
// of 16 bits.
export function withValue(file, group, element, text) {
  const at = placeOfValue(file, group, element);
  const length = file.readUInt16LE(at);
  const padding = file.toString('latin1', at - 2, at) === 'UI' ? '\0' : ' ';
  const value = Buffer.from(text.length % 2 === 0 ? text : text + padding, 'latin1');
  const size = Buffer.alloc(2);
  size.writeUInt16LE(value.length);
  const changed = Buffer.concat([file.subarray(0, at), size, value, file.subarray(at + 2 + length)]);
  if (group === 2) {
    // The length of this group stands before it.
    const groupAt = placeOfValue(changed, 2, 0) + 2;
    changed.writeUInt32LE(changed.readUInt32LE(groupAt) + value.length - length, groupAt);
  }
  return changed;
}

export function valueOf(file, group, element) {
  const at = placeOfValue(file, group, element);
  const text = file.toString('latin1', at + 2, at + 2 + file.readUInt16LE(at));
  return text.replace(/[\0 ]+$/, '');
}

// The same file under another SOP Instance UID.
export function withUid(file, uid) {
  return withValue(withValue(file, 0x0002, 0x0003, uid), 0x0008, 0x0018, uid);
}

// The same file with other pixels: `change(rows)` gives the rows, each a Buffer, in their new order.
export function withRows(file, change) {
  const numberOf = (element) => file.readUInt16LE(placeOfValue(file, 0x0028, element) + 2);
  const [rows, columns] = [numberOf(0x0010), numberOf(0x0011)];
  // Pixel Data is the last element.
  const at = file.length - rows * columns * 2;
  const row = (y) => file.subarray(at + y * columns * 2, at + (y + 1) * columns * 2);
  return Buffer.concat([file.subarray(0, at), ...change(Array.from({ length: rows }, (_, y) => row(y)))]);
}

// Sends files by STOW-RS; throws unless each was stored.
export async function stow(url, files) {
  const parts = files.flatMap((file) => [
    Buffer.from('--part\r\nContent-Type: application/dicom\r\n\r\n'), file, Buffer.from('\r\n'),
  ]);
  const response = await fetch(`${url}dicom-web/studies`, {
    method: 'POST',
    headers: { 'Content-Type': 'multipart/related; type="application/dicom"; boundary=part' },
    body: Buffer.concat([...parts, Buffer.from('--part--\r\n')]),
  });
  if (response.status !== 200) throw new Error(`STOW: ${response.status} ${await response.text()}`);
}

export async function worklist(url) {
  const response = await fetch(`${url}api/worklist`);
  if (!response.ok) throw new Error(`worklist: ${response.status} ${await response.text()}`);
  return (await response.json()).exams;
}

// Waits until so many exams are read, refused or failed, and gives them.
export async function untilSettled(url, count, withinMs = 300000) {
  const until = Date.now() + withinMs;
  for (;;) {
    const exams = await worklist(url);
    const settled = exams.filter((exam) => ['read', 'refused', 'failed'].includes(exam.state));
    if (settled.length >= count) return settled;
    if (Date.now() > until) {
      const states = exams.map((exam) => exam.state).join(', ');
      throw new Error(`not ${count} exams settled in time: ${states}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
