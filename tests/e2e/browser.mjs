// What the browser tests share: chromium, and questions to the page's pictures.
import { createRequire } from 'node:module';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

const require = createRequire(new URL('../../web/package.json', import.meta.url));
const { chromium } = require('playwright-core');

const kShots = process.env.LUCERNA_SHOTS ?? join(process.env.TMPDIR ?? '/tmp', 'lucerna-shots');

// Chromium with WebGL 2 in software, so that it needs no graphics card.
export async function launch() {
  const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);
  if (!executablePath) throw new Error('The browser tests need chromium (apt-get install chromium)');
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader',
    ],
  });
}

// A page that fails the test on any script error, refused resource, or call to another host.
export async function openPage(browser, url, size = { width: 1440, height: 900 }) {
  const page = await browser.newPage({ viewport: size });
  const faults = [];
  const home = new URL(url).host;
  page.on('pageerror', (error) => faults.push(`script: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url());
    if (/^http/.test(protocol) && host !== home) faults.push(`called ${request.url()}`);
  });
  await page.goto(url);
  return { page, faults };
}

export async function shoot(page, name) {
  mkdirSync(kShots, { recursive: true });
  const path = join(kShots, `${name}.png`);
  await page.screenshot({ path });
  return path;
}

// Waits until all panes that have an image show it. Patience, not a measurement: drawing in software
// on a busy machine is slow.
export async function waitForPictures(page, count = 4, timeout = 300000) {
  await page.waitForFunction(
    (wanted) => document.querySelectorAll('.pane[data-state="shown"]').length === wanted,
    count,
    { timeout },
  );
  await untilDrawn(page);
}

// Two frames, so that what was asked to be drawn is drawn.
export async function untilDrawn(page) {
  await page.evaluate(
    () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
  );
  await page.waitForTimeout(300);
}

// Of each pane's canvas: mean brightness (0-255) of the whole, of the tenth of its width that is
// next to the middle of the screen, and of the tenth that is furthest from it.
export function brightness(page) {
  return page.evaluate(() =>
    [...document.querySelectorAll('.pane')].map((pane) => {
      const canvas = pane.querySelector('canvas');
      const { width, height } = canvas;
      const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
      const mean = (from, to) => {
        let sum = 0;
        for (let y = 0; y < height; y++)
          for (let x = from; x < to; x++) sum += data[(y * width + x) * 4];
        return sum / (height * (to - from));
      };
      const tenth = Math.floor(width / 10);
      const atLeft = mean(0, tenth);
      const atRight = mean(width - tenth, width);
      const isLeftHalf = Number(pane.dataset.place) % 2 === 0;
      return {
        all: mean(0, width),
        inner: isLeftHalf ? atRight : atLeft,
        outer: isLeftHalf ? atLeft : atRight,
      };
    }),
  );
}

// Of each mark: its finding, and the brightness of the picture in the middle of its contour and
// just outside of it.
export function marks(page) {
  return page.evaluate(() =>
    [...document.querySelectorAll('.pane .mark')].map((mark) => {
      const pane = mark.closest('.pane');
      const canvas = pane.querySelector('canvas');
      const box = canvas.getBoundingClientRect();
      const contour = mark.querySelector('.line').getBoundingClientRect();
      const scale = canvas.width / box.width;
      const at = (x, y) => {
        const pixel = canvas
          .getContext('2d')
          .getImageData(Math.round((x - box.left) * scale), Math.round((y - box.top) * scale), 1, 1);
        return pixel.data[0];
      };
      const x = contour.left + contour.width / 2;
      const y = contour.top + contour.height / 2;
      const away = contour.width * 0.9;
      return {
        finding: mark.dataset.finding,
        place: Number(pane.dataset.place),
        verdict: ['accepted', 'dismissed'].find((each) => mark.classList.contains(each)) ?? '',
        text: mark.querySelector('text').textContent,
        inside: at(x, y),
        outside: Math.max(at(x - away, y), at(x + away, y), at(x, y + away)),
        left: contour.left - box.left,
        top: contour.top - box.top,
      };
    }),
  );
}

// Drags over a pane from its middle.
export async function drag(page, place, dx, dy, button = 'left') {
  const box = await page.locator(`.pane[data-place="${place}"]`).boundingBox();
  const x = box.x + box.width / 2;
  const y = box.y + box.height / 2;
  await page.mouse.move(x, y);
  await page.mouse.down({ button });
  await page.mouse.move(x + dx / 2, y + dy / 2, { steps: 3 });
  await page.mouse.move(x + dx, y + dy, { steps: 3 });
  await page.mouse.up({ button });
  await page.waitForTimeout(300);
}

// What each pane shows and says: its picture is `visible`, its marks are named by their findings.
export function panes(page) {
  return page.evaluate(() =>
    [...document.querySelectorAll('.pane')].map((pane) => ({
      title: pane.querySelector('.view-name').textContent,
      state: pane.dataset.state,
      visible: getComputedStyle(pane.querySelector('canvas')).visibility === 'visible',
      label: pane.querySelector('.ai-label').textContent,
      notes: pane.querySelector('.notes').textContent,
      marks: [...pane.querySelectorAll('.mark')].map((mark) => mark.dataset.finding),
    })),
  );
}
