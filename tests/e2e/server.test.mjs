// The whole of it in a real browser: synthetic exams sent by STOW-RS, read by the model that ships,
// shown from WADO-RS, decided upon, and still there after a restart. Needs LUCERNA_BIN.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { brightness, drag, launch, marks, openPage, shoot, waitForPictures } from './browser.mjs';
import { phantom, startServer, stow, untilSettled, withPatientName } from './server.mjs';

const kBinary = process.env.LUCERNA_BIN;
const kHostile = '<img src=x onerror=window.stolen=1>^<b>Bold</b>';
const kSeeds = [7, 8, 9];

describe('server and page', { skip: kBinary ? false : 'LUCERNA_BIN is not set' }, () => {
  let server;
  let browser;
  let page;
  let faults;
  let exams;
  let shown;

  before(async () => {
    server = await startServer(kBinary);
    for (const seed of kSeeds) {
      const files = phantom(kBinary, seed);
      assert.equal(files.length, 4);
      await stow(server.url, seed === 9 ? files.map((file) => withPatientName(file, kHostile)) : files);
    }
    exams = await untilSettled(server.url, kSeeds.length);
    shown = [...exams].sort((a, b) => b.findings - a.findings)[0];
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
    server?.remove();
  });

  const openExam = async (study) => {
    await page?.close();
    ({ page, faults } = await openPage(browser, `${server.url}#/exam/${study}`));
    await waitForPictures(page);
  };

  it('lists what was really read, and says that it is synthetic and for research', async () => {
    for (const exam of exams) {
      assert.equal(exam.state, 'read', JSON.stringify(exam.refusals) + exam.problem);
      assert.equal(exam.synthetic, true);
      assert.ok(exam.score >= 0 && exam.score <= 1);
      assert.deepEqual([...exam.views].sort(), ['L-CC', 'L-MLO', 'R-CC', 'R-MLO']);
    }
    ({ page, faults } = await openPage(browser, server.url));
    await page.waitForSelector('tbody tr .patient');
    assert.equal(await page.locator('tbody tr').count(), kSeeds.length);
    assert.equal(await page.locator('tbody .badge.synthetic').count(), kSeeds.length);
    const scores = exams.map((exam) => exam.score).sort((a, b) => b - a);
    const first = await page.locator('tbody tr').first().innerText();
    assert.ok(first.includes(`${Math.floor(scores[0] * 100)} %`) || scores[0] < 0.01 || scores[0] > 0.99, first);
    assert.match(await page.locator('.use-statement').innerText(), /research use only/i);
    await shoot(page, 'server-worklist');
    assert.deepEqual(faults, []);
  });

  it('runs nothing that a patient name says', async () => {
    assert.match(await page.locator('tbody').innerText(), /<img src/);
    assert.equal(await page.locator('tbody img').count(), 0);
    assert.equal(await page.evaluate(() => window.stolen), undefined);
  });

  it('hangs the four views back to back, from WADO-RS', async () => {
    await openExam(shown.study_instance_uid);
    const panes = await brightness(page);
    assert.equal(panes.length, 4);
    for (const pane of panes) {
      assert.ok(pane.all > 3, `a pane is black: ${JSON.stringify(panes)}`);
      assert.ok(pane.inner > 4 * (pane.outer + 1), `chest wall: ${JSON.stringify(panes)}`);
    }
    await shoot(page, 'server-viewer');
    assert.deepEqual(faults, []);
  });

  it('draws every finding of the reading inside its picture', async () => {
    const detail = await (await fetch(`${server.url}api/exams/${shown.study_instance_uid}`)).json();
    const found = detail.reading.views.flatMap((view) => view.findings.map((each) => each.id));
    assert.ok(found.length > 0, 'the model marked nothing in any of the exams');
    const drawn = await marks(page);
    assert.deepEqual(drawn.map((mark) => mark.finding).sort(), [...found].sort());
    for (const mark of drawn) assert.match(mark.text, /\d %/);
  });

  it('switches the marks off and on, and changes the window', async () => {
    const count = (await marks(page)).length;
    await page.keyboard.press('o');
    assert.equal((await marks(page)).length, 0);
    await page.getByRole('button', { name: 'AI marks' }).click();
    assert.equal((await marks(page)).length, count);
    const before = await brightness(page);
    await page.keyboard.press('w');
    await drag(page, 0, 60, 60);
    const after = await brightness(page);
    assert.ok(Math.abs(after[0].all - before[0].all) > 0.5, 'the window changes the picture');
    await page.keyboard.press('r');
  });

  it('keeps a decision with who and when, over a reload and a restart', async () => {
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('a');
    await page.locator('dialog input').fill('Dr. Test');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.finding.accepted');
    await page.keyboard.press('d');
    await page.waitForSelector('.finding.dismissed');
    await shoot(page, 'server-decided');
    await page.reload();
    await waitForPictures(page);
    await page.waitForSelector('.finding.dismissed');

    await server.stop();
    server = await startServer(kBinary, { folder: server.folder });
    await openExam(shown.study_instance_uid);
    await page.waitForSelector('.finding.dismissed');
    await page.keyboard.press('ArrowDown');
    const history = await page.locator('.history').innerText();
    assert.match(history, /\d{4}-\d\d-\d\d \d\d:\d\d dismissed by Dr\. Test \(self-declared\)/);
    assert.match(history, /accepted by Dr\. Test/);
  });

  it('refuses decisions that say nothing sensible', async () => {
    const decide = (body, type = 'application/json', finding = 'none') =>
      fetch(
        `${server.url}api/exams/${shown.study_instance_uid}/findings/${finding}/decisions`,
        { method: 'POST', headers: { 'Content-Type': type }, body },
      );
    const wrong = await decide('{"action":"agree","reader":"A"}');
    assert.equal(wrong.status, 400);
    assert.equal((await wrong.json()).field, 'action');
    assert.equal((await decide('{"action":"accept","reader":"A"}')).status, 404);
    assert.equal((await decide('{"action":"accept","reader":"A"}', 'text/plain')).status, 415);
  });
});
