// The server's /api and WADO-RS over synthetic pictures, for tests of the page alone:
//   node tests/e2e/mock_server.mjs [port]
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findings, kSpacing, kViews, picture } from './mock_pictures.mjs';

const kDist = fileURLToPath(new URL('../../web/dist/', import.meta.url));
// As src/review/page.cpp sends it.
export const kPolicy =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; " +
  "style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; " +
  "form-action 'none'; frame-ancestors 'none'";
const kTypes = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css',
  '.wasm': 'application/wasm', '.svg': 'image/svg+xml',
};
const kModel = 'ab'.repeat(32);
const kStudy = '2.25.1001';
const kForPresentation = '1.2.840.10008.5.1.4.1.1.1.2';
export const kForProcessing = `${kForPresentation}.1`;
const kHostile = '<img src=x onerror="window.stolen=1">^<script>window.stolen=1</script>';

const kAbout = {
  version: '0.1.0',
  model: {
    name: 'mock-mass', version: '0.0.1', sha256: kModel, manufacturer: 'Lucerna',
    intended_use: 'Tests of the page.', attribution: '',
  },
  use_statement: 'Research use only. Not for clinical decisions.',
  research_only: true,
  principal: '',
};

function card(study, changes) {
  return {
    study_instance_uid: study, state: 'read', patient_name: 'Muster^Maria', patient_id: 'M-1',
    patient_birth_date: '19600214', patient_sex: 'F', accession_number: 'A-1',
    study_date: '20260301', study_time: '081530', study_description: 'Screening',
    views: Object.keys(kViews), score: 0.5, above: [], refusals: [], problem: '',
    synthetic: true, findings: 0, decided: 0, last_received_at: '2026-03-01T08:20:00.000Z',
    read_at: '2026-03-01T08:21:00.000Z', ...changes,
  };
}

function exams() {
  return [
    card('2.25.1003', {
      patient_name: kHostile, patient_id: '<b>x</b>', score: null, state: 'refused',
      views: ['R-CC'], synthetic: false,
      refusals: [{
        reason: 'for-processing', what: 'Presentation Intent Type is FOR PROCESSING',
        where: 'Presentation Intent Type (0008,0068)', remedy: 'Send the FOR PRESENTATION image',
        sop_instance_uid: '2.25.9', view: 'R-CC',
      }],
    }),
    card('2.25.1002', { patient_name: 'Beispiel^Berta', patient_id: 'M-2', score: 0.12 }),
    card(kStudy, { score: 0.83, above: ['recall'], findings: 3 }),
    card('2.25.1004', {
      patient_name: 'Spaet^Sophie', patient_id: 'M-4', score: null, state: 'waiting',
    }),
  ];
}

// The images of the exam that has some. `blobs` is what they show and, where they were read, what was
// found in them.
function firstImages() {
  return Object.keys(kViews).map((view) => ({
    view, uid: `${kStudy}.${view.length}${view.charCodeAt(0)}`, revision: 'a1',
    blobs: kViews[view].blobs, isRead: true, sopClass: kForPresentation,
  }));
}

function reading(images) {
  return {
    model: { ...kAbout.model, operating_points: [{ name: 'recall', threshold: 0.5 }] },
    score: 0.83, above: ['recall'], use_statement: kAbout.use_statement,
    views: images.filter((each) => each.isRead).map(({ view, uid, blobs }) => ({
      view, sop_instance_uid: uid, findings: findings(view, blobs),
    })),
  };
}

function header({ view, uid, sopClass }) {
  const { columns, rows } = picture(view, 1);
  const attribute = (vr, ...Value) => ({ vr, Value });
  return {
    '00080016': attribute('UI', sopClass),
    '00080018': attribute('UI', uid),
    '00080060': attribute('CS', 'MG'),
    '00181164': attribute('DS', kSpacing, kSpacing),
    '00200020': attribute('CS', ...kViews[view].orientation),
    '00280002': attribute('US', 1),
    '00280004': attribute('CS', 'MONOCHROME2'),
    '00280010': attribute('US', rows),
    '00280011': attribute('US', columns),
    '00280100': attribute('US', 16),
    '00280101': attribute('US', 12),
    '00280102': attribute('US', 11),
    '00280103': attribute('US', 0),
    '00281050': attribute('DS', 2048),
    '00281051': attribute('DS', 4096),
    '00083002': attribute('UI', '1.2.840.10008.1.2.1'),
  };
}

function frame({ view, blobs }) {
  const { pixels } = picture(view, view.charCodeAt(0) + view.length, blobs);
  const head =
    '--mock\r\nContent-Type: application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1\r\n\r\n';
  return Buffer.concat([Buffer.from(head), pixels, Buffer.from('\r\n--mock--\r\n')]);
}

// Starts it; resolves with {url, close, decisions, change, changeImages, readAgain, keepsMore}.
export function startMock(port = 0) {
  let decisions = [];
  let former = [];
  let readings = 1;
  let isMore = false;
  let images = firstImages();
  const listeners = new Set();
  let list = exams();
  let revision = 1;
  const change = (edit) => {
    list = edit(list);
    revision += 1;
    for (const listener of listeners) listener.write(`event: changed\ndata: ${revision}\n\n`);
  };
  // Images come and go, and the exam is read again.
  const changeImages = (edit, { quietly } = {}) => {
    images = edit(images);
    readings += 1;
    if (!quietly) change((all) => all);
  };
  // As if none of its lists had all.
  const keepsMore = () => {
    isMore = true;
    change((all) => all);
  };
  // As if another reading had found none of what was decided upon.
  const readAgain = ({ quietly }) => {
    readings += 1;
    former = [...former, ...decisions.map((each) => ({ ...each, holds_for: null }))];
    decisions = [];
    if (!quietly) change((all) => all);
  };

  const api = async (request, response, path) => {
    const json = (body, status = 200) => {
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    if (path === '/api/about') return json(kAbout);
    if (path === '/api/worklist') return json({ revision, exams: list, more: isMore });
    if (path === '/api/events') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write(':\n\n');
      listeners.add(response);
      return request.on('close', () => listeners.delete(response));
    }
    const [, , , study, , finding] = path.split('/').map(decodeURIComponent);
    const exam = list.find((each) => each.study_instance_uid === study);
    if (!exam) return json({ error: 'not-found', message: 'There is no such exam' }, 404);
    if (request.method === 'POST') {
      let body = '';
      for await (const chunk of request) body += chunk;
      const { action, comment, reader, reading_id } = JSON.parse(body);
      if (reading_id !== `reading ${readings}`)
        return json({ error: 'conflict', message: 'the exam was read again since it was shown: look again' }, 409);
      const decision = {
        finding, holds_for: finding, model_sha256: kModel, action, comment, who: reader, self_declared: true,
        when: new Date().toISOString(),
      };
      decisions.push(decision);
      change((all) => all);
      return json(decision, 201);
    }
    const withImages = study === kStudy;
    return json({
      exam, reading: withImages ? reading(images) : null, decisions: withImages ? decisions : [],
      reading_id: withImages ? `reading ${readings}` : null, former_decisions: withImages ? former : [],
      decisions_left_out: withImages && isMore ? 12 : 0, more_images: withImages && isMore,
      images: !withImages ? [] : images.map(({ view, uid, revision, sopClass }) => ({
        sop_instance_uid: uid, sop_class_uid: sopClass, series_instance_uid: '2.25.7', view, revision,
      })),
    });
  };

  const wado = (response, path) => {
    const image = images.find((each) => each.uid === path.split('/')[7]);
    if (!image) return response.writeHead(404).end('{"message":"there is no such instance"}');
    const { revision } = image;
    if (path.endsWith('/metadata')) {
      response.writeHead(200, { 'Content-Type': 'application/dicom+json', ETag: `"${revision}-m"` });
      return response.end(JSON.stringify([header(image)]));
    }
    response.writeHead(200, {
      'Content-Type': 'multipart/related; type="application/octet-stream"; boundary=mock',
      ETag: `"${revision}-f"`,
    });
    return response.end(frame(image));
  };

  const server = createServer((request, response) => {
    const path = new URL(request.url, 'http://mock').pathname;
    if (path.startsWith('/api/')) return api(request, response, path);
    if (path.startsWith('/dicom-web/')) return wado(response, path);
    const file = path === '/' ? 'index.html' : normalize(path).replace(/^[/.]+/, '');
    try {
      const body = readFileSync(join(kDist, file));
      response.writeHead(200, {
        'Content-Type': kTypes[extname(file)] ?? 'application/octet-stream',
        'Content-Security-Policy': kPolicy,
      });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () =>
      resolve({
        url: `http://127.0.0.1:${server.address().port}/`,
        get decisions() {
          return decisions;
        },
        change,
        changeImages,
        readAgain,
        keepsMore,
        close: () => {
          server.closeAllConnections();
          server.close();
        },
      }),
    );
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await startMock(Number(process.argv[2] ?? 8043));
  console.log(url);
}
