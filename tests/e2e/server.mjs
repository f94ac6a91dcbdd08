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
  const head = Buffer.from([0x10, 0x00, 0x10, 0x00, 0x50, 0x4e]);
  const at = file.indexOf(head);
  if (at < 0) throw new Error('the file has no Patient Name');
  const length = file.readUInt16LE(at + 6);
  const value = Buffer.from(name.length % 2 === 0 ? name : `${name} `, 'latin1');
  const size = Buffer.alloc(2);
  size.writeUInt16LE(value.length);
  return Buffer.concat([file.subarray(0, at + 6), size, value, file.subarray(at + 8 + length)]);
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
