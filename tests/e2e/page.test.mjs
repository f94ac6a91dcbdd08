// The page alone, in a real browser, over synthetic pictures whose right place is known.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { brightness, drag, launch, marks, openPage, shoot, waitForPictures } from './browser.mjs';
import { startMock } from './mock_server.mjs';

const kExam = '#/exam/2.25.1001';
let browser;
let mock;
let page;
let faults;

before(async () => {
  browser = await launch();
});
after(async () => {
  await browser?.close();
});

async function open(hash = '', size = undefined) {
  mock?.close();
  mock = await startMock();
  await page?.close();
  ({ page, faults } = await openPage(browser, mock.url + hash, size));
}
after(async () => {
  await page?.close();
  mock?.close();
});

describe('worklist', () => {
  beforeEach(async () => {
    await open();
    await page.waitForSelector('tbody tr .patient');
  });

  it('orders by urgency and says everything that a reader must know', async () => {
    const rows = await page.locator('tbody tr').allInnerTexts();
    assert.equal(rows.length, 4);
    assert.match(rows[0], /83 %[\s\S]*recall[\s\S]*Muster, Maria[\s\S]*SYNTHETIC[\s\S]*M-1/);
    assert.match(rows[1], /Not read[\s\S]*R-CC: Presentation Intent Type is FOR PROCESSING/);
    assert.match(rows[2], /12 %/);
    assert.match(rows[3], /Waiting to be read/);
    assert.match(await page.locator('.use-statement').innerText(), /Research use only/);
    await shoot(page, 'page-worklist');
    assert.deepEqual(faults, []);
  });

  it('shows a hostile name as text and never runs it', async () => {
    await page.waitForTimeout(300);
    assert.equal(await page.evaluate(() => window.stolen), undefined);
    assert.equal(await page.locator('tbody img, tbody script, tbody b:text("x")').count(), 0);
    assert.match(await page.locator('tbody tr').nth(1).innerText(), /<img src/);
    await page.goto(`${mock.url}#/exam/2.25.1003`);
    await page.waitForSelector('.exam h1');
    assert.match(await page.locator('.exam').innerText(), /<img src[\s\S]*<b>x<\/b>/);
    assert.equal(await page.evaluate(() => window.stolen), undefined);
  });

  it('shows an exam that arrives without being asked', async () => {
    mock.change((exams) => [
      ...exams,
      { ...exams[1], study_instance_uid: '2.25.77', patient_name: 'Neu^Nora', score: 0.99 },
    ]);
    await page.waitForSelector('text=Neu, Nora');
    assert.equal(await page.locator('tbody tr').count(), 5);
  });

  it('is worked by key', async () => {
    await page.keyboard.press('j');
    await page.keyboard.press('k');
    await page.keyboard.press('/');
    await page.keyboard.type('berta');
    assert.equal(await page.locator('tbody tr').count(), 1);
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.exam h1:text("Beispiel, Berta")');
    await page.waitForFunction(() => /No R-CC in this exam/.test(document.body.innerText));
    await page.keyboard.press('Escape');
    await page.waitForSelector('.worklist');
    await page.keyboard.press('?');
    assert.match(await page.locator('dialog.keys').innerText(), /Next exam/);
  });

  it('says that there are more exams than it shows', async () => {
    assert.equal(await page.locator('.count').innerText(), '4 exams');
    mock.keepsMore();
    await page.waitForSelector('.count:text("the 4 most urgent exams")');
    await page.fill('input[type=search]', 'nobody');
    assert.match(await page.locator('tbody').innerText(), /None of the 4 most urgent exams matches/);
  });

  it('says so when the server goes away', async () => {
    mock.close();
    await page.waitForSelector('.notice:not([hidden])', { timeout: 15000 });
    assert.match(await page.locator('.notice').innerText(), /server does not answer/);
  });
});

describe('viewer', () => {
  beforeEach(async () => {
    await open(kExam);
    await waitForPictures(page);
  });

  it('hangs four views back to back, however they are stored', async () => {
    const panes = await brightness(page);
    for (const pane of panes) {
      assert.ok(pane.all > 5, `a pane is black: ${JSON.stringify(panes)}`);
      assert.ok(pane.inner > 10 * (pane.outer + 0.5), `chest wall: ${JSON.stringify(panes)}`);
    }
    const titles = await page.locator('.view-name').allInnerTexts();
    assert.deepEqual(titles, ['R-CC', 'L-CC', 'R-MLO', 'L-MLO']);
    await shoot(page, 'page-viewer-1440');
    assert.deepEqual(faults, []);
  });

  it('draws each contour around what is bright in the picture', async () => {
    const drawn = await marks(page);
    assert.deepEqual(drawn.map((mark) => mark.finding).sort(), ['L-CC-1', 'R-CC-1', 'R-MLO-1']);
    for (const mark of drawn) {
      assert.ok(mark.inside > mark.outside + 50, `${mark.finding}: ${JSON.stringify(mark)}`);
      assert.match(mark.text, /\d+ %/);
    }
    assert.equal(drawn.find((mark) => mark.finding === 'R-CC-1').place, 0);
  });

  it('keeps contours on their place when zoomed and panned, in all views', async () => {
    const before = await marks(page);
    await page.keyboard.press('p');
    await drag(page, 0, -40, 30);
    await page.keyboard.press('z');
    await drag(page, 0, 0, -40);
    const after = await marks(page);
    for (const mark of after)
      assert.ok(mark.inside > mark.outside + 50, `${mark.finding}: ${JSON.stringify(mark)}`);
    const moved = (finding, list) => list.find((mark) => mark.finding === finding);
    // To the left in the right breast is to the nipple, so the left breast moves to the right.
    assert.ok(moved('R-CC-1', after).left < moved('R-CC-1', before).left - 10);
    assert.ok(moved('L-CC-1', after).left > moved('L-CC-1', before).left + 5);
    await shoot(page, 'page-viewer-moved');
    await page.keyboard.press('r');
    await page.waitForTimeout(300);
    const home = await marks(page);
    for (const [index, mark] of home.entries())
      assert.ok(Math.abs(mark.left - before[index].left) < 0.5, 'reset brings it home');
  });

  it('moves one view alone when they are not linked', async () => {
    const before = await marks(page);
    await page.keyboard.press('l');
    await page.keyboard.press('p');
    await drag(page, 0, -40, 0);
    const after = await marks(page);
    const left = (list, finding) => list.find((mark) => mark.finding === finding).left;
    assert.ok(left(after, 'R-CC-1') < left(before, 'R-CC-1') - 20);
    assert.equal(left(after, 'L-CC-1'), left(before, 'L-CC-1'));
  });

  it('switches the marks by button and by key', async () => {
    await page.getByRole('button', { name: 'AI marks' }).click();
    assert.equal((await marks(page)).length, 0);
    await page.keyboard.press('o');
    assert.equal((await marks(page)).length, 3);
  });

  it('changes the window by dragging, and inverts', async () => {
    const before = (await brightness(page))[1].all;
    await page.keyboard.press('w');
    await drag(page, 0, 0, 60);
    const after = (await brightness(page))[1].all;
    assert.notEqual(Math.round(after * 10), Math.round(before * 10));
    await page.keyboard.press('r');
    await page.waitForTimeout(300);
    assert.ok(Math.abs((await brightness(page))[1].all - before) < 0.5);
    await page.keyboard.press('i');
    await page.waitForTimeout(300);
    assert.ok((await brightness(page))[1].all > before + 40);
  });

  it('keeps accept and dismiss by key, with name and history, over a reload', async () => {
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('c');
    await page.keyboard.type('seen <b>before</b>');
    await page.keyboard.press('Enter');
    await page.keyboard.press('a');
    await page.locator('dialog input').fill('Dr. <i>Test</i>');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.finding.accepted');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('d');
    await page.waitForSelector('.finding.dismissed');
    await shoot(page, 'page-viewer-decided');
    await page.reload();
    await waitForPictures(page);
    const drawn = await marks(page);
    assert.equal(drawn.find((mark) => mark.finding === 'R-CC-1').verdict, 'accepted');
    assert.equal(drawn.find((mark) => mark.finding === 'R-MLO-1').verdict, 'dismissed');
    await page.keyboard.press('ArrowDown');
    const history = await page.locator('.history').innerText();
    assert.match(history, /accepted by Dr\. <i>Test<\/i> \(self-declared\)/);
    assert.match(history, /seen <b>before<\/b>/);
    await page.keyboard.press('u');
    await page.waitForFunction(() => !document.querySelector('.finding.accepted'));
    assert.deepEqual(
      mock.decisions.map((each) => [each.finding, each.action]),
      [['R-CC-1', 'accept'], ['R-MLO-1', 'dismiss'], ['R-CC-1', 'undo']],
    );
    assert.deepEqual(faults, []);
  });

  it('decides on no reading but the one on the screen, and shows what no longer counts', async () => {
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('d');
    if (await page.locator('dialog input').count()) {
      await page.locator('dialog input').fill('Dr. Test');
      await page.keyboard.press('Enter');
    }
    await page.waitForSelector('.finding.dismissed');
    mock.readAgain({ quietly: true });
    await page.keyboard.press('a');
    await page.waitForSelector('.notice:not([hidden])');
    assert.match(await page.locator('.notice').innerText(), /read again since it was shown/);
    assert.equal(mock.decisions.length, 0);
    mock.change((all) => all);
    await page.waitForFunction(() => !document.querySelector('.finding.dismissed'));
    await page.locator('.former summary').click();
    assert.match(await page.locator('.former').innerText(), /what was R-CC-1: dismissed by/);
    assert.equal((await marks(page)).filter((mark) => mark.verdict === 'dismissed').length, 0);
  });

  it('says that there are more images and decisions than it shows', async () => {
    const aside = page.locator('aside');
    assert.doesNotMatch(await aside.innerText(), /older decisions/);
    mock.keepsMore();
    await page.waitForSelector('text=12 older decisions not shown here.');
    // All four hang: nothing is to be listed but that there is more.
    assert.match(await aside.innerText(), /The exam has more images, which are not listed here\./);
  });

  it('goes to the next exam by key, in the order of the list', async () => {
    await page.goto(`${mock.url}#/`);
    await page.waitForSelector('tbody tr .patient');
    await page.keyboard.press('Enter');
    await page.waitForSelector('.exam h1:text("Muster")');
    await page.keyboard.press('n');
    await page.waitForSelector('.exam h1:text("<img src")');
    await page.keyboard.press('b');
    await page.waitForSelector('.exam h1:text("Muster")');
  });

  it('enlarges one view and fits a large screen', async () => {
    await open(kExam, { width: 2560, height: 1440 });
    await waitForPictures(page);
    await shoot(page, 'page-viewer-2560');
    await page.keyboard.press('3');
    await page.waitForTimeout(400);
    await shoot(page, 'page-viewer-enlarged');
    const drawn = (await marks(page)).find((mark) => mark.finding === 'R-MLO-1');
    assert.ok(drawn.inside > drawn.outside + 50, JSON.stringify(drawn));
    const pane = await page.locator('.pane.enlarged').boundingBox();
    assert.ok(pane.width > 1800);
    await page.keyboard.press('0');
    assert.equal(await page.locator('.pane.enlarged').count(), 0);
  });

  it('says in words what cannot be loaded', async () => {
    await page.route('**/frames/1', (route) =>
      route.fulfill({ status: 500, body: '{"message":"what was kept is damaged"}' }),
    );
    await page.reload();
    await page.waitForSelector('.pane .message.problem');
    const words = await page.locator('.pane .message.problem').first().innerText();
    assert.match(words, /Loading R-CC failed: the server said 500.*damaged/);
  });
});
