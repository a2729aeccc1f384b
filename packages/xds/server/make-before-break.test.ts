import { describe, expect, test } from 'vitest';
import { edsCluster, resource } from './session.fixture.ts';
import { Driver } from './session-driver.fixture.ts';

describe('make before break', () => {
  const first = {
    cluster: [edsCluster('a')],
    endpoint: [resource('a')],
    listener: [resource('l')],
    route: [resource('r')],
  };

  function started(): Driver {
    const driver = new Driver();
    driver.set(first);
    driver.send('cluster');
    driver.send('listener');
    expect(driver.take()).toEqual(['cluster +a@1']);
    driver.answer('cluster');
    driver.send('endpoint', { subscribe: ['a'] });
    expect(driver.take()).toEqual(['endpoint +a@1', 'listener +l@1']);
    driver.answerAll();
    driver.send('route', { subscribe: ['r'] });
    expect(driver.drain()).toEqual(['route +r@1']);
    return driver;
  }

  test('listeners wait for the endpoints of new clusters, and not for ever', () => {
    started();
    const driver = new Driver();
    driver.set(first);
    driver.send('cluster');
    driver.send('listener');
    driver.take();
    driver.answerAll();
    expect(driver.take()).toEqual([]);
    expect(driver.session.wakeAt(driver.now)).toBe(driver.now + 2_000);
    driver.now += 2_000;
    expect(driver.take()).toEqual(['listener +l@1']);
  });

  test('a route moves to a new cluster: cluster, endpoints, route; then the old cluster, then its endpoints', () => {
    const driver = started();
    driver.set({
      cluster: [edsCluster('b')],
      endpoint: [resource('b')],
      listener: first.listener,
      route: [resource('r', '2')],
    });
    expect(driver.take()).toEqual(['cluster +b@1']);
    driver.answer('cluster');
    expect(driver.take()).toEqual([]);
    driver.send('endpoint', { subscribe: ['b'] });
    expect(driver.take()).toEqual(['endpoint +b@1', 'route +r@2']);
    driver.answer('endpoint');
    expect(driver.take()).toEqual([]);
    driver.answer('route');
    expect(driver.take()).toEqual(['cluster -a']);
    driver.answer('cluster');
    expect(driver.take()).toEqual(['endpoint -a']);
  });

  test('a cluster that comes back before its endpoints have gone: the route waits until they are sent again', () => {
    const driver = started();
    const other = {
      cluster: [edsCluster('b')],
      endpoint: [resource('b')],
      listener: first.listener,
      route: [resource('r', '2')],
    };
    driver.set(other);
    driver.take();
    driver.answer('cluster');
    driver.send('endpoint', { subscribe: ['b'] });
    expect(driver.take()).toEqual(['endpoint +b@1', 'route +r@2']);
    driver.answer('endpoint');
    driver.answer('route');
    driver.set({ ...other, endpoint: [resource('b', '2')] });
    expect(driver.take()).toEqual(['cluster -a', 'endpoint +b@2']);
    driver.set({ ...first, route: [resource('r', '3')] });
    driver.answer('cluster');
    // The endpoints of b are not answered yet: those of a can't go.
    expect(driver.take()).toEqual(['cluster +a@1']);
    driver.answer('cluster');
    expect(driver.take()).toEqual([]);
    driver.answer('endpoint');
    expect(driver.take()).toEqual(['endpoint +a@1', 'route +r@3']);
  });

  test('a refused route keeps the clusters that the route before it uses', () => {
    const driver = started();
    driver.set({
      cluster: [resource('b')],
      endpoint: [],
      listener: first.listener,
      route: [resource('r', '2')],
    });
    expect(driver.take()).toEqual(['cluster +b@1', 'route +r@2']);
    driver.answer('cluster');
    driver.answer('route', 'no');
    driver.now += 60_000;
    expect(driver.take()).toEqual([]);
    driver.set({
      cluster: [resource('b')],
      endpoint: [],
      listener: first.listener,
      route: [resource('r', '3')],
    });
    expect(driver.drain()).toEqual(['route +r@3', 'cluster -a', 'endpoint -a']);
  });

  test('a cluster that is updated gets its endpoints again, though they are unchanged', () => {
    const driver = started();
    driver.set({ ...first, cluster: [edsCluster('a', '2')] });
    expect(driver.take()).toEqual(['cluster +a@2', 'endpoint +a@1']);
  });

  test('endpoints do not wait for anything', () => {
    const driver = started();
    driver.set({ ...first, cluster: [edsCluster('a', '2')] });
    driver.take();
    driver.answer('endpoint');
    driver.set({ ...first, cluster: [edsCluster('a', '3')], endpoint: [resource('a', '2')] });
    expect(driver.take()).toEqual(['endpoint +a@2']);
  });

  test('listeners go after what replaces them has been sent', () => {
    const driver = started();
    driver.set({
      ...first,
      cluster: [...first.cluster, edsCluster('b')],
      endpoint: [...first.endpoint, resource('b')],
      listener: [resource('m')],
    });
    expect(driver.take()).toEqual(['cluster +b@1']);
    driver.answerAll();
    driver.send('endpoint', { subscribe: ['b'] });
    expect(driver.take()).toEqual(['endpoint +b@1', 'listener +m@1 -l']);
  });
});
