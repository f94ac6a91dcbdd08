// The real server and a page that is open while images of its exam are corrected, repeated and taken
// out. Needs LUCERNA_BIN.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { launch, marks, openPage, panes, shoot, waitForPictures } from './browser.mjs';
import {
  phantom, startServer, stow, untilSettled, valueOf, withRows, withUid, withValue,
} from './server.mjs';

const kBinary = process.env.LUCERNA_BIN;
const kForProcessing = '1.2.840.10008.5.1.4.1.1.1.2.1';
const upsideDown = (file) => withRows(file, (rows) => rows.reverse());

// Mean brightness of the upper and of the lower half of a pane's canvas.
function halves(page, place) {
  return page.evaluate((at) => {
    const canvas = document.querySelectorAll('.pane')[at].querySelector('canvas');
    const { width, height } = canvas;
    const half = Math.floor(height / 2);
    const mean = (from) => {
      const { data } = canvas.getContext('2d').getImageData(0, from, width, half);
      let sum = 0;
      for (let i = 0; i < data.length; i += 4) sum += data[i];
      return sum / (data.length / 4);
    };
    return [mean(0), mean(height - half)];
  }, place);
}

describe('replaced images', { skip: kBinary ? false : 'LUCERNA_BIN is not set' }, () => {
  let server;
  let browser;
  let page;
  let files;
  let study;

  before(async () => {
    browser = await launch();
  });
  after(async () => {
    await page?.close();
    await browser?.close();
    await server?.stop();
    server?.remove();
  });
  beforeEach(async () => {
    await page?.close();
    await server?.stop();
    server?.remove();
    server = await startServer(kBinary, {
      more: ['--set', 'http.deletion=true', '--set', 'quiet_seconds=2'],
    });
    files = phantom(kBinary, 7);
    study = valueOf(files[0], 0x0020, 0x000d);
  });

  const detailOf = async () => (await fetch(`${server.url}api/exams/${study}`)).json();
  const untilRead = async (uids) => {
    for (let tries = 0; tries < 1200; ++tries) {
      const { reading, exam } = await detailOf();
      const read = (reading?.views ?? []).map((view) => view.sop_instance_uid);
      if (exam?.state === 'read' && uids.every((uid) => read.includes(uid))) return;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    assert.fail(`never read: ${JSON.stringify(await detailOf())}`);
  };
  const open = async () => {
    await untilSettled(server.url, 1);
    ({ page } = await openPage(browser, `${server.url}#/exam/${study}`));
    await waitForPictures(page);
  };
  const uidOf = (file) => valueOf(file, 0x0008, 0x0018);
  const fileOfView = async (view) => {
    const { images } = await detailOf();
    const uid = images.find((each) => each.view === view).sop_instance_uid;
    return files.find((file) => uidOf(file) === uid);
  };
  const remove = async (path) => {
    const response = await fetch(`${server.url}dicom-web/studies/${study}${path}`, { method: 'DELETE' });
    assert.ok(response.ok, await response.text());
  };
  const replace = async (old, file) => {
    await remove(`/series/${valueOf(old, 0x0020, 0x000e)}/instances/${uidOf(old)}`);
    await stow(server.url, [file]);
    await untilRead([uidOf(file)]);
  };
  // The page shows the reading that is the newest, and of each of its findings the mark in its image.
  const expectAllMarked = async () => {
    const { reading } = await detailOf();
    const found = reading.views.flatMap((view) => view.findings.map((each) => each.id)).sort();
    assert.ok(found.length > 0);
    await page.waitForFunction(
      (wanted) => {
        const listed = [...document.querySelectorAll('.finding')].map((each) => each.dataset.finding);
        return listed.sort().join() === wanted;
      },
      found.join(),
    );
    await waitForPictures(page);
    assert.deepEqual((await marks(page)).map((mark) => mark.finding).sort(), found);
    for (const pane of await panes(page)) assert.equal(pane.label, 'AI, preliminary');
  };
  const untilUpsideDown = async (upper, lower) => {
    await expectAllMarked();
    const [nowUpper, nowLower] = await halves(page, 0);
    assert.ok(
      Math.abs(nowUpper - lower) < 0.5 && Math.abs(nowLower - upper) < 0.5,
      `${[upper, lower]} became ${[nowUpper, nowLower]}`,
    );
  };

  for (const under of ['the same UID', 'another UID'])
    it(`shows the pixels of an image that was replaced under ${under}`, async () => {
      await stow(server.url, files);
      await open();
      await expectAllMarked();
      const [upper, lower] = await halves(page, 0);
      assert.ok(Math.abs(upper - lower) > 1, 'the halves are to be told apart');
      const old = await fileOfView('R-CC');
      const turned = upsideDown(old);
      // The page asks once all is done: it has as many images then as before.
      let release;
      const done = new Promise((resolve) => (release = resolve));
      await page.route('**/api/exams/**', async (route) => {
        await done;
        await route.continue();
      });
      await replace(old, under === 'the same UID' ? turned : withUid(turned, '2.25.4711'));
      release();
      await untilUpsideDown(upper, lower);
      await shoot(page, `replaced-under-${under.replaceAll(' ', '-')}`);
      // Nor does the tab remember the other one.
      await page.keyboard.press('Escape');
      await page.waitForSelector('.worklist');
      await page.goto(`${server.url}#/exam/${study}`);
      await waitForPictures(page);
      await untilUpsideDown(upper, lower);
    });

  it('hangs the images that were read where others of their views come first', async () => {
    const raw = files.map((file, index) => {
      const other = withValue(withUid(file, `2.25.99${index}`), 0x0020, 0x000e, '2.25.990');
      const kind = withValue(withValue(other, 0x0002, 0x0002, kForProcessing), 0x0008, 0x0016, kForProcessing);
      return withValue(withValue(kind, 0x0008, 0x0068, 'FOR PROCESSING'), 0x0020, 0x0011, '0');
    });
    // A repeat of each that shows less of the breast, and so is not read.
    const repeats = files.map((file, index) => {
      const cut = withRows(file, (rows) => rows.map((row, y) => (y < rows.length / 4 ? Buffer.alloc(row.length) : row)));
      return withValue(withUid(cut, `2.25.88${index}`), 0x0020, 0x0013, '0');
    });
    await stow(server.url, [...raw, ...repeats, ...files]);
    await open();
    const { images, reading, exam } = await detailOf();
    const read = reading.views.map((view) => view.sop_instance_uid);
    assert.deepEqual([...read].sort(), files.map(uidOf).sort(), JSON.stringify(exam.refusals));
    for (const uid of read) {
      const { view } = images.find((image) => image.sop_instance_uid === uid);
      assert.notEqual(images.find((image) => image.view === view).sop_instance_uid, uid);
    }
    await expectAllMarked();
    await shoot(page, 'replaced-read-first');

    const [first] = reading.views.flatMap((view) => view.findings.map((each) => ({ ...each, view: view.view })));
    await page.getByRole('button', { name: `Hang ${first.view}, 1 of 3` }).click();
    await page.waitForSelector('.pane[data-state="shown"] .not-read');
    const hung = (await panes(page)).find((pane) => pane.title === `${first.view}, 1 of 3`);
    assert.deepEqual(hung.marks, []);
    assert.match(hung.notes, /Not read: .*FOR PROCESSING/);
    await shoot(page, 'replaced-not-read');
    await page.locator(`.finding[data-finding="${first.id}"] .summary`).dblclick();
    await page.waitForSelector(`.pane .mark[data-finding="${first.id}"]`);
    for (const pane of await panes(page)) assert.equal(pane.label, 'AI, preliminary');
  });

  it('shows nothing more of a study that was deleted', async () => {
    await stow(server.url, files);
    await open();
    await expectAllMarked();
    assert.match(await page.locator('.exam').innerText(), /SYNTHETIC-7/);
    await remove('');
    await page.waitForSelector('.notice:not([hidden])');
    await page.waitForFunction(() => !document.querySelector('.pane[data-state="shown"]'));
    assert.doesNotMatch(
      `${await page.title()} ${await page.locator('body').innerText()}`, /SYNTHETIC|Phantom|mass|%/,
    );
    for (const pane of await panes(page)) assert.deepEqual([pane.visible, pane.marks], [false, []]);
    await shoot(page, 'replaced-deleted');
  });
});
