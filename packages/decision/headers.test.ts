import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Headers } from './headers.ts';

const name = fc.constantFrom('a', 'b', 'c', 'x-a');
const value = fc.string({ maxLength: 3 });
const step = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), name, value }),
  fc.record({ kind: fc.constant('set' as const), name, value }),
  fc.record({ kind: fc.constant('remove' as const), name }),
  fc.record({ kind: fc.constant('removeAt' as const), index: fc.nat() }),
  fc.record({ kind: fc.constant('clone' as const) }),
);

type Field = readonly [name: string, value: string, spelled: string];

test('fields are those of a plain list, whatever room there was', () => {
  fc.assert(
    fc.property(fc.nat({ max: 3 }), fc.array(step, { maxLength: 40 }), (room, steps) => {
      let headers = new Headers(room);
      let list: Field[] = [];
      for (const one of steps) {
        switch (one.kind) {
          case 'add':
            headers.add(one.name, one.value, one.name.toUpperCase());
            list.push([one.name, one.value, one.name.toUpperCase()]);
            break;
          case 'set': {
            headers.set(one.name, one.value);
            const first = list.find(([known]) => known === one.name);
            if (first === undefined) list.push([one.name, one.value, one.name]);
            else
              list = list.flatMap((field): Field[] =>
                field === first ? [[one.name, one.value, field[2]]] : field[0] === one.name ? [] : [field],
              );
            break;
          }
          case 'remove':
            expect(headers.remove(one.name)).toBe(list.some(([known]) => known === one.name));
            list = list.filter(([known]) => known !== one.name);
            break;
          case 'removeAt':
            if (list.length === 0) break;
            headers.removeAt(one.index % list.length);
            list.splice(one.index % list.length, 1);
            break;
          case 'clone': {
            const before = headers;
            headers = headers.clone();
            before.add('a', 'of the other');
          }
        }
        expect(list.map((_, at) => [headers.nameAt(at), headers.valueAt(at), headers.spelledAt(at)])).toEqual(
          list,
        );
        expect([...headers]).toEqual(list.map(([known, text]) => [known, text]));
        for (const known of ['a', 'b', 'c', 'x-a']) {
          const values = list.filter(([other]) => other === known).map(([, text]) => text);
          expect(headers.all(known)).toEqual(values);
          expect(headers.get(known)).toBe(values[0]);
          expect(headers.has(known)).toBe(values.length > 0);
          expect(headers.joined(known)).toBe(values.length > 0 ? values.join(', ') : undefined);
        }
      }
    }),
  );
});
