/** The examples' pages as people see them: a real browser on the gateway's port. */
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, type Mesh, root, startMesh, temporaryFolder } from '../mesh.ts';
import { describeWithPeers, peerPath } from './peer.ts';

const examples = join(root, 'examples');
const state = temporaryFolder();
const profile = temporaryFolder();
let mesh: Mesh;
let browser: BrowserContext;
let page: Page;
/** What the page complained of since the test began: script errors and requests that failed. */
let complaints: string[] = [];

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A user's stay on the page of its own. */
async function inNewPage(work: () => Promise<void>): Promise<void> {
  complaints = [];
  page = await browser.newPage();
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  page.on('requestfailed', (request) => complaints.push(`${request.url()} ${request.failure()?.errorText}`));
  try {
    await work();
    expect(complaints).toEqual([]);
  } finally {
    await page.close();
  }
}

const open = (): Promise<unknown> => page.goto(`${mesh.url}/productpage`);

/** The colour of the reviews' stars as the browser shows it. */
async function starsShown(): Promise<'none' | 'black' | 'red'> {
  if ((await page.locator('.stars').count()) === 0) return 'none';
  const color = await page.evaluate<string>("getComputedStyle(document.querySelector('.stars')).color");
  const [red = 0, green = 0, blue = 0] = (color.match(/\d+/g) ?? []).map(Number);
  return red > 150 && green < 100 && blue < 100 ? 'red' : 'black';
}

describeWithPeers('Chromium', ['chromium'], () => {
  beforeAll(async () => {
    mesh = await startMesh(join(examples, 'bookinfo/mesh.yaml'), state.path);
    browser = await chromium.launchPersistentContext(profile.path, {
      executablePath: peerPath('chromium'),
      args: flags,
    });
  });
  afterAll(async () => {
    await browser?.close();
    await mesh?.stop();
    for (const folder of [state, profile]) folder.remove();
  });

  test('the product page: book, details, and over reloads no, black and red stars', () =>
    inNewPage(async () => {
      await open();
      expect(await page.title()).toBe('The Comedy of Errors');
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('The Comedy of Errors');
      expect(await page.getByText('PublisherA').isVisible()).toBe(true);
      // The style sheet has come, too.
      const cover = await page.locator('.cover').boundingBox();
      expect(cover?.width).toBeGreaterThan(100);
      const seen = new Map<string, string>();
      await eventually('all three versions', async () => {
        await page.reload();
        const served = await page.locator('.served code').first().textContent();
        seen.set(await starsShown(), String(served));
        return seen.size === 3 ? true : undefined;
      });
      expect(Object.fromEntries(seen)).toEqual({
        none: 'reviews-v1-0',
        black: 'reviews-v2-0',
        red: 'reviews-v3-0',
      });
    }));

  test('jason signs in and sees black stars, signs out and sees none', () =>
    inNewPage(async () => {
      await mesh.ok('apply', '-f', join(examples, 'bookinfo/networking/jason.yaml'));
      await open();
      await eventually('nobody sees stars', async () => {
        const shown = [];
        for (let i = 0; i < 6; i++) {
          await page.reload();
          shown.push(await starsShown());
        }
        return shown.every((stars) => stars === 'none') ? true : undefined;
      });
      await page.getByLabel('User').fill('jason');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.locator('.user').waitFor();
      expect(await page.locator('.user').textContent()).toBe('jason');
      expect(new URL(page.url()).pathname).toBe('/productpage');
      for (let i = 0; i < 5; i++) {
        expect(await starsShown()).toBe('black');
        await page.reload();
      }
      expect(await page.getByRole('img', { name: '5 of 5 stars' }).count()).toBe(1);
      expect(await page.getByRole('img', { name: '4 of 5 stars' }).count()).toBe(1);
      await page.getByRole('link', { name: 'Sign out' }).click();
      await page.getByLabel('User').waitFor();
      expect(await starsShown()).toBe('none');
    }));

  test('on a narrow screen nothing is cut off', () =>
    inNewPage(async () => {
      await page.setViewportSize({ width: 360, height: 740 });
      await open();
      const root = 'document.documentElement';
      const [width, visible] = await page.evaluate<number[]>(`[${root}.scrollWidth, ${root}.clientWidth]`);
      expect(width).toBe(visible);
    }));

  test('blue/green: the dots that arrive turn from blue to green, and none is a failure', () =>
    inNewPage(async () => {
      await mesh.ok('apply', '-f', join(examples, 'blue-green/bluegreen.yaml'));
      // Chromium takes every name under localhost for the loopback.
      const url = `http://bluegreen.localhost:${mesh.port}/`;
      await eventually('the page serves', async () => {
        const answer = await page.goto(url);
        return answer?.status() === 200 && (await page.locator('.dot.blue').count()) > 0 ? true : undefined;
      });
      await page.reload();
      complaints = [];
      const count = (color: string): Promise<number> => page.locator(`.dot.${color}`).count();
      await eventually('blue dots', async () => ((await count('blue')) >= 5 ? true : undefined));
      expect(await count('green')).toBe(0);
      await mesh.ok('apply', '-f', join(examples, 'blue-green/switch/to-green.yaml'));
      await eventually('green dots', async () => ((await count('green')) >= 10 ? true : undefined));
      expect(await count('failed')).toBe(0);
      // The newest come first: from some dot on all are green, and no blue one came after.
      const colors = await page
        .locator('.dot')
        .evaluateAll((dots) => dots.map(({ className }) => className.split(' ')[1]));
      expect(colors).toEqual(colors.toSorted().reverse());
      expect(await page.locator('#counts').textContent()).toMatch(/blue.*green/s);
    }));
});
