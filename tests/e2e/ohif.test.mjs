// OHIF, a viewer that others wrote, on an origin of its own: it lists what the archive holds, opens a
// study and draws its pixels. Needs LUCERNA_BIN and .deps/ohif (tools/setup).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launch, shoot } from './browser.mjs';
import { hasOhif, startOhif } from './ohif.mjs';
import { startServer, untilSettled } from './server.mjs';

const kBinary = process.env.LUCERNA_BIN;
const kSamples = 3;
const kMakeStudies = fileURLToPath(new URL('ohif_studies.py', import.meta.url));
const kCollection = join(
  process.env.LUCERNA_SHARED_DATA ??
    fileURLToPath(new URL('../../../shared/data', import.meta.url)),
  'dicom',
);
// Patience, not a measurement.
const kPatience = { timeout: 300000 };
const skip = !kBinary
  ? 'LUCERNA_BIN is not set'
  : !hasOhif()
    ? 'skipped: .deps/ohif is missing (tools/setup)'
    : false;

// In the page: whether so large a share of a drawing is lit.
function isDrawn(share) {
  return [...document.querySelectorAll('canvas.cornerstone-canvas')].some((canvas) => {
    if (!canvas.width) return false;
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let lit = 0;
    for (let i = 0; i < data.length; i += 4) if (data[i] + data[i + 1] + data[i + 2] > 75) lit++;
    return lit > share * canvas.width * canvas.height;
  });
}

async function store(url, file, { ofOthers }) {
  const boundary = 'boundary-of-a-test';
  const body = Buffer.concat([
    Buffer.from(`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`),
    file,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
  const answer = await fetch(`${url}dicom-web/studies`, {
    method: 'POST',
    headers: { 'Content-Type': `multipart/related; type="application/dicom"; boundary=${boundary}` },
    body,
  });
  if (!ofOthers) assert.equal(answer.status, 200, await answer.text());
}

describe('OHIF', { skip }, () => {
  let ohif;
  let server;
  let browser;
  let exams;

  before(async () => {
    ohif = await startOhif();
    server = await startServer(kBinary, {
      more: ['--samples', String(kSamples), '--set', `http.origins=${ohif.origin}`],
    });
    ohif.look(`${server.url}dicom-web`);
    exams = await untilSettled(server.url, kSamples);
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    server?.remove();
    await ohif?.stop();
  });

  // Notes each answer of the archive that is an error.
  const openPage = async (path) => {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    const refused = [];
    page.on('response', (response) => {
      if (response.url().startsWith(server.url) && response.status() >= 400)
        refused.push(`${response.status()} ${response.request().method()} ${response.url()}`);
    });
    page.on('requestfailed', (request) => {
      const failure = request.failure()?.errorText;
      if (request.url().startsWith(server.url) && failure !== 'net::ERR_ABORTED')
        refused.push(`${failure} ${request.method()} ${request.url()}`);
    });
    await page.goto(`${ohif.url}${path}`, kPatience);
    return { page, refused };
  };

  it('lists the studies', async () => {
    const { page, refused } = await openPage('');
    const rows = page.getByText('Synthetic, Phantom');
    await rows.first().waitFor(kPatience);
    await shoot(page, 'ohif-list');
    assert.equal(await rows.count(), kSamples);
    // What the model made of an exam is in its study.
    assert.equal(await page.getByText('MG\\OT\\SR').count(), kSamples);
    assert.deepEqual(refused, []);
    await page.close();
  });

  it('opens a study and draws its pixels', async () => {
    const { page, refused } = await openPage(
      `viewer?StudyInstanceUIDs=${exams[0].study_instance_uid}`,
    );
    // A breast fills some of it.
    await page.waitForFunction(isDrawn, 0.05, kPatience);
    // Its guided tour lies over the picture.
    await page.getByText('Skip all').click({ timeout: 10000 }).catch(() => {});
    // Each view has a series of its own, the model's captures one together.
    const series = () => document.body.innerText.match(/^S:\d+$/gm) ?? [];
    await page.waitForFunction(
      () => /^S:9003$/m.test(document.body.innerText),
      undefined,
      kPatience,
    );
    await shoot(page, 'ohif-study');
    const shown = await page.evaluate(series);
    assert.equal(shown.filter((number) => number === 'S:1').length, 4, shown.join(' '));
    assert.deepEqual(refused, []);
    await page.close();
  });

  // OHIF has no view of a mammography CAD report, and shows nothing of a measurement report with groups
  // that have no region; it shows both by their names, and the captures that say the same.
  it('lists the reports of the model, and goes on after one was opened', async () => {
    const { page, refused } = await openPage(
      `viewer?StudyInstanceUIDs=${exams[0].study_instance_uid}`,
    );
    const failures = [];
    page.on('pageerror', (error) => failures.push(error.message));
    await page.waitForFunction(isDrawn, 0.05, kPatience);
    await page.getByText('Skip all').click({ timeout: 10000 }).catch(() => {});
    const listed = async (series, description) => {
      await page.getByText(series, { exact: true }).waitFor(kPatience);
      await page.getByText(description).first().waitFor(kPatience);
      await page.getByText(series, { exact: true }).dblclick();
      await page.waitForTimeout(3000);
    };
    await listed('S:9001', /^SYNTHETIC Mammography CAD by /);
    assert.ok(await page.evaluate(isDrawn, 0.05), 'the picture that was there stays');
    await listed('S:9002', /^SYNTHETIC AI results by /);
    await shoot(page, 'ohif-report');
    await listed('S:9003', /^SYNTHETIC AI findings by /);
    await page.waitForFunction(isDrawn, 0.02, kPatience);
    await shoot(page, 'ohif-captures');
    const shown = await page.evaluate(() => document.body.innerText);
    assert.ok(!/something went wrong/i.test(shown), 'an error page');
    assert.deepEqual(failures, []);
    assert.deepEqual(refused, []);
    await page.close();
  });

  describe('with studies of every kind', () => {
    let studies;

    before(async () => {
      const folder = mkdtempSync(join(tmpdir(), 'lucerna-ohif-'));
      try {
        const more = existsSync(kCollection) ? [kCollection] : [];
        studies = JSON.parse(
          execFileSync('/usr/bin/python3', [kMakeStudies, folder, ...more], {
            stdio: ['ignore', 'pipe', 'ignore'],
          }),
        );
        for (const name of readdirSync(folder))
          await store(server.url, readFileSync(join(folder, name)), { ofOthers: name[0] === 'o' });
        // Of the files of others some are broken, and refused.
        const kept = await (await fetch(`${server.url}dicom-web/studies?limit=200`)).json();
        const uids = kept.map((study) => study['0020000D'].Value[0]);
        studies = studies.filter(({ study, ofOthers }) => !ofOthers || uids.includes(study));
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });

    it('lists them with their descriptions', async () => {
      const { page, refused } = await openPage('?resultsPerPage=100');
      await page.getByText('Synthetic, Phantom').first().waitFor(kPatience);
      const listed = await page.evaluate(() => document.body.innerText);
      await shoot(page, 'ohif-list-of-all');
      for (const { description } of studies)
        assert.ok(listed.includes(description), `"${description}" is not listed`);
      assert.deepEqual(refused, []);
      await page.close();
    });

    it('opens each, shows its description and draws its pixels', async () => {
      const failures = [];
      for (const { study, description, ofOthers } of studies) {
        // Those of others may have a few bright spots alone.
        const share = ofOthers ? 0.0005 : 0.02;
        const { page, refused } = await openPage(`viewer?StudyInstanceUIDs=${study}`);
        try {
          await page.waitForFunction(isDrawn, share, { timeout: 60000 });
          const text = await page.evaluate(() => document.body.innerText);
          if (!text.includes(description)) failures.push(`${study}: "${description}" not shown`);
        } catch (error) {
          failures.push(`${study} (${description}): ${error.message.split('\n')[0]}`);
          await shoot(page, `ohif-${study.slice(-12)}`);
        }
        if (refused.length) failures.push(`${study}: ${refused.join(', ')}`);
        await page.close();
      }
      assert.deepEqual(failures, []);
    });
  });
});
