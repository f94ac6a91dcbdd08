// Images that come and go under a page that is open: over synthetic pictures whose right place is
// known. No pane may show pixels beside marks of others.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import {
  brightness, launch, marks, openPage, panes, shoot, untilDrawn, waitForPictures,
} from './browser.mjs';
import { kForProcessing, startMock } from './mock_server.mjs';

const kStudy = '2.25.1001';
const kElsewhere = [[120, 480, 26, 0.83]];
// A content of a view whose blob lies elsewhere.
const corrected = { blobs: kElsewhere, revision: 'b2' };

describe('images of an open exam', () => {
  let browser;
  let mock;
  let page;
  let faults;

  before(async () => {
    browser = await launch();
  });
  after(async () => {
    await page?.close();
    mock?.close();
    await browser?.close();
  });
  beforeEach(async () => {
    await page?.close();
    mock?.close();
    mock = await startMock();
  });

  const open = async () => {
    ({ page, faults } = await openPage(browser, `${mock.url}#/exam/${kStudy}`));
    await waitForPictures(page);
  };
  const replace = (view, changes, options) =>
    mock.changeImages(
      (images) => images.map((each) => (each.view === view ? { ...each, ...changes } : each)),
      options,
    );
  const markOf = async (finding) => (await marks(page)).find((mark) => mark.finding === finding);
  const expectMarkOnBlob = async (finding) => {
    const mark = await markOf(finding);
    assert.ok(mark && mark.inside > mark.outside + 50, `${finding}: ${JSON.stringify(mark)}`);
  };
  const untilRead = async (place) => {
    await page.waitForFunction((at) => {
      const pane = document.querySelectorAll('.pane')[at];
      return pane.dataset.state === 'shown' && pane.querySelector('.mark') !== null;
    }, place);
    await untilDrawn(page);
  };

  it('takes down a picture whose pixels were replaced under the same UID, then shows the new', async () => {
    await open();
    const { top } = await markOf('R-CC-1');
    let release;
    const held = new Promise((resolve) => (release = resolve));
    await page.route('**/metadata', async (route) => {
      await held;
      await route.continue();
    });
    replace('R-CC', corrected);
    await page.waitForFunction(() => document.querySelector('.pane').dataset.state !== 'shown');
    // Its finding is listed, the others hang on.
    assert.equal(await page.locator('.finding').count(), 3);
    const [first, ...others] = await panes(page);
    assert.deepEqual([first.marks, first.visible], [[], false]);
    for (const pane of others) assert.equal(pane.state, 'shown');
    release();
    await waitForPictures(page);
    await untilRead(0);
    assert.ok((await markOf('R-CC-1')).top > top + 20, 'the mark is at its new place');
    await expectMarkOnBlob('R-CC-1');
    await page.keyboard.press('Escape');
    await page.waitForSelector('.worklist');
    await page.goto(`${mock.url}#/exam/${kStudy}`);
    await waitForPictures(page);
    await expectMarkOnBlob('R-CC-1');
    assert.deepEqual(faults, []);
  });

  it('shows no picture that was replaced while it was on its way', async () => {
    let release;
    const held = new Promise((resolve) => (release = resolve));
    await page?.close();
    page = await browser.newPage();
    // Of the header, that it is held; of the pixels, that they are another's by then.
    await page.route('**/frames/1', async (route) => {
      await held;
      await route.continue();
    });
    await page.goto(`${mock.url}#/exam/${kStudy}`);
    await waitForPictures(page, 0);
    await page.waitForSelector('.finding');
    replace('R-CC', corrected, { quietly: true });
    release();
    await waitForPictures(page);
    await untilRead(0);
    await expectMarkOnBlob('R-CC-1');
  });

  it('says so where no answer tells that the pixels are those of the exam', async () => {
    await page?.close();
    page = await browser.newPage();
    await page.route('**/frames/1', async (route) => {
      const response = await route.fetch();
      const headers = response.headers();
      delete headers['etag'];
      await route.fulfill({ response, headers });
    });
    await page.goto(`${mock.url}#/exam/${kStudy}`);
    await page.waitForSelector('.pane .message.problem');
    const words = await page.locator('.pane .message.problem').first().innerText();
    assert.match(words, /Loading R-CC failed: .*not the image that the exam was shown with/);
    assert.equal((await marks(page)).length, 0);
  });

  it('takes the word of the server that a proxy leaves where it takes entity tags away', async () => {
    await page?.close();
    page = await browser.newPage();
    await page.route('**/dicom-web/**', async (route) => {
      const response = await route.fetch();
      const headers = response.headers();
      headers['x-lucerna-etag'] = headers['etag'];
      delete headers['etag'];
      await route.fulfill({ response, headers });
    });
    await page.goto(`${mock.url}#/exam/${kStudy}`);
    await waitForPictures(page);
    await expectMarkOnBlob('R-CC-1');
    // It counts before one that something in between made.
    await page.route('**/metadata', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, headers: { ...response.headers(), 'x-lucerna-etag': '"b1-m"' } });
    });
    await page.reload();
    await page.waitForSelector('.pane .message.problem');
  });

  it('tries a picture again that did not come, where somebody asks for it', async () => {
    await page?.close();
    page = await browser.newPage();
    const refuse = (route) => route.fulfill({ status: 503, body: '{"message":"come again"}' });
    let asked = 0;
    await page.route('**/frames/1', async (route) => {
      asked += 1;
      // With the first picture the whole server is gone.
      if (asked === 1) await page.route('**/api/exams/*', refuse);
      await refuse(route);
    });
    const failed = (count) =>
      page.waitForFunction(
        (wanted) => document.querySelectorAll('.pane[data-state="problem"]').length === wanted, count,
      );
    await page.goto(`${mock.url}#/exam/${kStudy}`);
    await failed(4);
    await page.getByRole('button', { name: 'Hang L-MLO' }).waitFor();
    await page.locator('.finding[data-finding="R-CC-1"] .summary').click();
    assert.match(await page.locator('.finding .details').innerText(), /does not hang now/);

    // Back, but for the pictures: no news of the exam makes the page ask for them on and on.
    await page.unroute('**/api/exams/*');
    mock.change((all) => all);
    await page.waitForTimeout(1000);
    await failed(4);
    assert.equal(asked, 4);
    await page.keyboard.press('g');
    await page.waitForTimeout(500);
    await failed(4);
    assert.equal(asked, 5);

    await page.unroute('**/frames/1');
    await page.keyboard.press('g');
    await untilRead(0);
    await expectMarkOnBlob('R-CC-1');
    assert.doesNotMatch(await page.locator('.finding .details').innerText(), /does not hang now/);
    // It has no finding to go to.
    await page.getByRole('button', { name: 'Hang L-MLO' }).click();
    await waitForPictures(page, 2);
    assert.equal(await page.getByRole('button', { name: 'Hang L-MLO' }).count(), 0);
    await failed(2);
  });

  it('hangs the image that came under another UID, with as many images as before', async () => {
    await open();
    // L-CC is stored mirrored: the picture in its place is seen from behind, as that was.
    for (const [place, view] of ['R-CC', 'L-CC'].entries()) {
      replace(view, { ...corrected, uid: `2.25.55${place}` });
      await page.waitForFunction(
        (at) => document.querySelectorAll('.pane')[at].dataset.state !== 'shown', place,
      );
      await waitForPictures(page);
      await untilRead(place);
      await expectMarkOnBlob(`${view}-1`);
    }
    assert.deepEqual(faults, []);
  });

  it('hangs what was read before what was not, and says of that so and why', async () => {
    mock.changeImages((images) => [
      ...images.map((each) => ({
        ...each, uid: `${each.uid}.1`, blobs: [], isRead: false, sopClass: kForProcessing,
      })),
      ...images,
    ]);
    mock.change((all) =>
      all.map((each) => ({
        ...each,
        refusals: [{
          reason: 'for-processing', what: 'It is raw.', where: '', remedy: '', view: 'R-CC',
          sop_instance_uid: `${kStudy}.482.1`,
        }],
      })),
    );
    await open();
    assert.equal((await marks(page)).length, 3);
    for (const finding of ['R-CC-1', 'L-CC-1', 'R-MLO-1']) await expectMarkOnBlob(finding);
    for (const pane of await panes(page)) assert.equal(pane.label, 'AI, preliminary');
    const buttons = await page.locator('.images button').allInnerTexts();
    assert.equal(new Set(buttons).size, 8, buttons.join(' | '));

    await page.getByRole('button', { name: 'Hang R-CC, 1 of 2' }).click();
    await page.waitForSelector('.pane[data-place="0"][data-state="shown"] .not-read');
    const raw = (await panes(page))[0];
    assert.deepEqual(raw.marks, []);
    assert.equal(raw.title, 'R-CC, 1 of 2');
    assert.equal(raw.label, 'Not read by the AI');
    assert.match(raw.notes, /It is raw\./);
    await shoot(page, 'images-not-read');
    // Of the marks only, which are of what was read.
    await page.keyboard.press('o');
    assert.equal(await page.locator('.not-read').isVisible(), true);
    await page.keyboard.press('o');

    // Whatever changes elsewhere, what somebody hung hangs on.
    mock.change((all) => all);
    await page.waitForTimeout(500);
    assert.equal((await panes(page))[0].title, 'R-CC, 1 of 2');
    await page.locator('.finding[data-finding="R-CC-1"] .summary').click();
    assert.match(await page.locator('.finding .details').innerText(), /does not hang now/);
    await page.keyboard.press('g');
    await untilRead(0);
    await expectMarkOnBlob('R-CC-1');
    assert.equal((await panes(page))[0].title, 'R-CC, 2 of 2');
    assert.doesNotMatch(await page.locator('.finding .details').innerText(), /does not hang now/);
    assert.deepEqual(faults, []);
  });

  it('hangs the images of another reading, also in place of what somebody hung', async () => {
    mock.changeImages((images) => [
      { ...images[0], ...corrected, uid: '2.25.600', isRead: false }, ...images,
    ]);
    await open();
    await page.getByRole('button', { name: 'Hang R-CC, 1 of 2' }).click();
    await page.waitForSelector('.pane[data-place="0"][data-state="shown"] .not-read');
    mock.changeImages((images) =>
      images.map((each) => (each.view === 'R-CC' ? { ...each, isRead: !each.isRead } : each)),
    );
    await page.waitForSelector('.pane[data-place="0"]:not(:has(.not-read))');
    await untilRead(0);
    await expectMarkOnBlob('R-CC-1');
    assert.equal((await panes(page))[0].title, 'R-CC, 1 of 2');
  });

  it('shows nothing more of an exam that was taken out, and shows it again when it is back', async () => {
    await open();
    await page.keyboard.press('ArrowDown');
    let taken;
    mock.change((all) => {
      taken = all.find((each) => each.study_instance_uid === kStudy);
      return all.filter((each) => each !== taken);
    });
    await page.waitForSelector('.notice:not([hidden])');
    assert.match(await page.locator('.notice').innerText(), /There is no such exam/);
    await shoot(page, 'images-taken-out');
    const words = `${await page.title()} ${await page.locator('body').innerText()}`;
    assert.doesNotMatch(words, /Muster|M-1|83 %|mass|accepted/);
    for (const pane of await panes(page))
      assert.deepEqual([pane.visible, pane.marks, pane.state], [false, [], 'absent']);
    mock.change((all) => [...all, taken]);
    await waitForPictures(page);
    await page.waitForSelector('.exam h1:text("Muster")');
    assert.equal((await marks(page)).length, 3);
    assert.ok((await brightness(page)).every((pane) => pane.all > 5));
  });
});
