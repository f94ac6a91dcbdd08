// OHIF, a viewer that others wrote, on an origin of its own: it lists what the archive holds, opens a
// study and draws its pixels. Needs LUCERNA_BIN and .deps/ohif (tools/setup).
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { launch, shoot } from './browser.mjs';
import { hasOhif, startOhif } from './ohif.mjs';
import { startServer, untilSettled } from './server.mjs';

const kBinary = process.env.LUCERNA_BIN;
const kSamples = 3;
// Patience, not a measurement.
const kPatience = { timeout: 300000 };
const skip = !kBinary
  ? 'LUCERNA_BIN is not set'
  : !hasOhif()
    ? 'skipped: .deps/ohif is missing (tools/setup)'
    : false;

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
    // The share of the drawing that is neither black nor written on: a breast fills some of it.
    await page.waitForFunction(
      () => {
        const canvas = document.querySelector('canvas.cornerstone-canvas');
        if (!canvas?.width) return false;
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        let gray = 0;
        for (let i = 0; i < data.length; i += 4)
          if (data[i] > 25 && data[i] === data[i + 1] && data[i] === data[i + 2]) gray++;
        return gray > 0.05 * canvas.width * canvas.height;
      },
      undefined,
      kPatience,
    );
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
});
