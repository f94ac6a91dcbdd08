// See tools/screenshot.
import { launch, openPage, waitForPictures } from './browser.mjs';
import { worklist } from './server.mjs';

const [url, file, wanted] = process.argv.slice(2);
const base = url.endsWith('/') ? url : `${url}/`;
const exams = (await worklist(base)).filter((exam) => exam.synthetic && exam.state === 'read');
const exam = wanted
  ? exams.find((each) => each.study_instance_uid === wanted)
  : (exams.find((each) => each.findings > 0) ?? exams[0]);
if (!exam) {
  console.error('screenshot: the server has no synthetic exam that was read');
  process.exit(3);
}
const browser = await launch();
try {
  const address = `${base}#/exam/${exam.study_instance_uid}`;
  const { page } = await openPage(browser, address, { width: 1440, height: 900 });
  await waitForPictures(page);
  if (exam.findings > 0) await page.keyboard.press('ArrowDown');
  await page.waitForTimeout(500);
  await page.screenshot({ path: file });
  console.log(file);
} finally {
  await browser.close();
}
