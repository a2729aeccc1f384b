import { describe, expect, test } from 'vitest';
import { resource } from './session.fixture.ts';
import { Driver } from './session-driver.fixture.ts';

describe('virtual hosts', () => {
  const large = (name: string, version = '1') => resource(name, version, new Uint8Array(600));

  test('are subscribed to by their table; word that there is none of its name follows the last', () => {
    const driver = new Driver();
    driver.set({ virtualHost: [large('t/a'), large('t/b'), resource('other/a'), resource('t/x/a')] });
    driver.send('virtualHost', { subscribe: ['t'] });
    expect(driver.drain()).toEqual(['virtualHost +t/a@1', 'virtualHost +t/b@1 -t']);
    driver.set({ virtualHost: [large('t/a'), large('t/b', '2'), resource('other/a', '2')] });
    expect(driver.drain()).toEqual(['virtualHost +t/b@2']);
    driver.set({ virtualHost: [large('t/b', '2')] });
    expect(driver.drain()).toEqual(['virtualHost -t/a']);
  });

  test('of a table that has none, and of one that is asked for again', () => {
    const driver = new Driver();
    driver.set({ virtualHost: [resource('t/a')] });
    driver.send('virtualHost', { subscribe: ['none'] });
    expect(driver.drain()).toEqual(['virtualHost -none']);
    driver.send('virtualHost', { subscribe: ['t'] });
    expect(driver.drain()).toEqual(['virtualHost +t/a@1 -t']);
    driver.send('virtualHost', { subscribe: ['t'] });
    expect(driver.drain()).toEqual(['virtualHost +t/a@1 -t']);
    driver.send('virtualHost', { unsubscribe: ['t'] });
    driver.set({ virtualHost: [resource('t/a', '2')] });
    expect(driver.drain()).toEqual([]);
    expect(driver.session.subscriptions.virtualHost.sent).toEqual(new Map([['none', null]]));
  });

  test('that a client has from an earlier stream are not sent again', () => {
    const driver = new Driver();
    driver.set({ virtualHost: [resource('t/a'), resource('t/b', '2')] });
    const initialVersions = new Map([
      ['t/a', '1'],
      ['t/b', '1'],
      ['t/gone', '1'],
    ]);
    driver.send('virtualHost', { subscribe: ['t'], initialVersions });
    driver.now += 2_000;
    expect(driver.drain()).toEqual(['virtualHost +t/b@2 -t/gone -t']);
  });

  test('go before their clusters do', () => {
    const driver = new Driver();
    for (const type of ['cluster', 'listener'] as const) driver.send(type, { subscribe: ['*'] });
    driver.send('virtualHost', { subscribe: ['t'] });
    driver.set({ cluster: [resource('c'), resource('d')], virtualHost: [resource('t/a')] });
    driver.drain();
    driver.set({ cluster: [resource('d')] });
    expect(driver.take()).toEqual(['virtualHost -t/a']);
    driver.answerAll();
    expect(driver.drain()).toEqual(['cluster -c']);
  });

  test('only the one that is refused stays behind', () => {
    const driver = new Driver();
    driver.set({ virtualHost: [resource('t/a'), resource('t/b')] });
    driver.send('virtualHost', { subscribe: ['t'] });
    driver.take();
    const [event] = driver.answer('virtualHost', 't/a: no such thing');
    expect(event).toMatchObject({ kind: 'nack', rejected: new Map([['t/a', '1']]) });
    expect(driver.drain()).toEqual(['virtualHost +t/b@1 -t']);
  });
});
