// See tools/screenshot.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { launch, openPage, waitForPictures } from './browser.mjs';
import { worklist } from './server.mjs';

const [url, folder, wanted] = process.argv.slice(2);
const base = url.endsWith('/') ? url : `${url}/`;
const all = await worklist(base);
const people = all.filter((exam) => !exam.synthetic);
if (people.length > 0) {
  console.error(`screenshot: ${people.length} exams of the server are not synthetic`);
  process.exit(3);
}
const exams = all.filter((exam) => exam.state === 'read');
const exam = wanted
  ? exams.find((each) => each.study_instance_uid === wanted)
  : (exams.find((each) => each.findings > 0) ?? exams[0]);
if (!exam) {
  console.error('screenshot: the server has no such exam that was read');
  process.exit(3);
}

mkdirSync(folder, { recursive: true });
const browser = await launch();
async function take(address, size, name, ready) {
  const { page, faults } = await openPage(browser, address, size);
  await ready(page);
  await page.waitForTimeout(500);
  const path = join(folder, name);
  await page.screenshot({ path });
  await page.close();
  if (faults.length > 0) throw new Error(faults.join('\n'));
  console.log(path);
}
try {
  await take(base, { width: 1440, height: 420 }, 'worklist.png', (page) =>
    page.waitForSelector('tbody tr .patient'),
  );
  const viewer = `${base}#/exam/${exam.study_instance_uid}`;
  await take(viewer, { width: 1440, height: 960 }, 'viewer.png', async (page) => {
    await waitForPictures(page);
    if (exam.findings > 0) await page.keyboard.press('ArrowDown');
  });
} finally {
  await browser.close();
}
