/**
 * Proves that a backtracking engine matches a pattern in linear time.
 *
 * Each character of the pattern is a position. If, at every position, the sets of the positions that may
 * follow are pairwise disjoint (no position reached in two ways, no part empty in two ways), then the next
 * input character leaves one way to go on; every other way fails at once. Nested and overlapping repetition
 * (`(a+)+`, `a*a*`, `(a|a)*`) reach a position twice and are refused.
 */
import { type CharSet, disjoint, type Pattern } from './regex-syntax.ts';

/** The proof compares sets pairwise. */
const maxPositions = 400;

interface Part {
  /** Ways to match the empty string: 0, 1, or 2 for more. */
  readonly empty: number;
  readonly first: readonly number[];
  readonly last: readonly number[];
}

class Positions {
  readonly sets: CharSet[] = [];
  readonly follow: number[][] = [];

  add(set: CharSet): number {
    this.sets.push(set);
    this.follow.push([]);
    return this.sets.length - 1;
  }

  connect(from: readonly number[], to: readonly number[]): void {
    for (const position of from) (this.follow[position] as number[]).push(...to);
  }

  deterministic(positions: readonly number[]): boolean {
    for (let i = 0; i < positions.length; i++) {
      for (let j = i + 1; j < positions.length; j++) {
        if (
          !disjoint(
            this.sets[positions[i] as number] as CharSet,
            this.sets[positions[j] as number] as CharSet,
          )
        )
          return false;
      }
    }
    return true;
  }
}

function walk(pattern: Pattern, positions: Positions): Part {
  switch (pattern.kind) {
    case 'chars': {
      const position = positions.add(pattern.set);
      return { empty: 0, first: [position], last: [position] };
    }
    case 'choice': {
      const parts = pattern.items.map((item) => walk(item, positions));
      return {
        empty: Math.min(
          2,
          parts.reduce((sum, part) => sum + part.empty, 0),
        ),
        first: parts.flatMap((part) => part.first),
        last: parts.flatMap((part) => part.last),
      };
    }
    case 'sequence': {
      let whole: Part = { empty: 1, first: [], last: [] };
      for (const item of pattern.items) {
        const next = walk(item, positions);
        positions.connect(whole.last, next.first);
        whole = {
          empty: Math.min(2, whole.empty * next.empty),
          first: whole.empty > 0 ? [...whole.first, ...next.first] : whole.first,
          last: next.empty > 0 ? [...next.last, ...whole.last] : next.last,
        };
      }
      return whole;
    }
    case 'repeat': {
      const item = walk(pattern.item, positions);
      if (pattern.max > 1) positions.connect(item.last, item.first);
      const optional = pattern.min === 0 ? 1 : 0;
      // Repeating what may be empty: more ways than one to be empty.
      const loops = item.empty > 0 && pattern.max > 1 ? 2 : 0;
      return { ...item, empty: Math.min(2, item.empty + optional + loops) };
    }
  }
}

function count(pattern: Pattern, kind: Pattern['kind']): number {
  const own = pattern.kind === kind ? 1 : 0;
  if (pattern.kind === 'chars') return own;
  if (pattern.kind === 'repeat') return own + count(pattern.item, kind);
  return own + pattern.items.reduce((sum, item) => sum + count(item, kind), 0);
}

function onlyRepeatsACharacter(pattern: Pattern): boolean {
  if (pattern.kind === 'repeat') return pattern.item.kind === 'chars';
  return pattern.kind === 'chars' || pattern.items.every(onlyRepeatsACharacter);
}

/** True if V8 matches `^(?:pattern)$` in time proportional to the input. */
export function isLinear(pattern: Pattern): boolean {
  if (count(pattern, 'chars') > maxPositions) return false;
  // Outermost alternatives are tried one after the other, each against the whole string: costs add up.
  if (pattern.kind === 'choice') return pattern.items.every(isLinear);
  // One repeated character and no other choice (`.*foo`): each length is tried once.
  if (count(pattern, 'choice') === 0 && count(pattern, 'repeat') <= 1 && onlyRepeatsACharacter(pattern))
    return true;
  const positions = new Positions();
  const whole = walk(pattern, positions);
  if (whole.empty > 1) return false;
  return (
    positions.deterministic(whole.first) && positions.follow.every((set) => positions.deterministic(set))
  );
}
