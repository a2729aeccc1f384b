import type { Io } from '../../io.ts';
import { stripColor, visibleLength } from '../../output/color.ts';

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
const CLEAR_BELOW = '\x1b[J';
const CLEAR_ALL = '\x1b[2J\x1b[H';
const CLEAR_LINE = '\r\x1b[K';

/** As many as the highest terminal shows. */
const LINES_KEPT = 200;

/**
 * A block at the bottom of the terminal that is redrawn in place; lines written meanwhile scroll by above it.
 * The block never wraps and never is higher than the terminal, so its size on screen is known. After a resize
 * the terminal may have re-wrapped everything: then the screen is cleared and drawn anew, with the last of the
 * lines above.
 */
export class Screen {
  readonly #out: Io['stdout'];
  #height = 0;
  #last = '';
  #above: string[] = [];
  readonly #onResize = (): void => {
    this.#out.write(
      `${CLEAR_ALL}${this.#lastAbove()
        .map((line) => `${line}\n`)
        .join('')}`,
    );
    this.#height = 0;
    this.draw(this.#last);
  };

  constructor(out: Io['stdout']) {
    this.#out = out;
    out.write(HIDE_CURSOR);
    out.on('resize', this.#onResize);
  }

  /** Writes a line that stays, above the block. */
  writeLine(text: string): void {
    this.#above = [...this.#above, ...text.split('\n')].slice(-LINES_KEPT);
    this.#out.write(`${this.#eraser()}${text}\n`);
    this.#height = 0;
    this.draw(this.#last);
  }

  draw(block: string): void {
    this.#last = block;
    const fitted = fit(block, this.#columns, this.#rows);
    this.#out.write(`${this.#eraser()}${fitted.map((line) => `${line}\n`).join('')}`);
    this.#height = fitted.length;
  }

  /** Leaves the last block on screen and the terminal as it was. */
  close(): void {
    this.#out.off('resize', this.#onResize);
    // The terminal has written ^C where the cursor stands.
    this.#out.write(`${CLEAR_LINE}${SHOW_CURSOR}`);
  }

  get #columns(): number {
    return this.#out.columns ?? 80;
  }
  get #rows(): number {
    return this.#out.rows ?? 24;
  }

  /** The last lines above that have room beside the block, wrapped as the terminal does. */
  #lastAbove(): string[] {
    let room = this.#rows - 1 - fit(this.#last, this.#columns, this.#rows).length;
    const first = this.#above.findLastIndex((line) => {
      room -= Math.max(1, Math.ceil(visibleLength(line) / this.#columns));
      return room < 0;
    });
    return this.#above.slice(first + 1);
  }

  #eraser(): string {
    return this.#height === 0 ? '' : `\x1b[${this.#height}F${CLEAR_BELOW}`;
  }
}

/** The block's lines, cut to the terminal's size with one line to spare for the cursor. */
export function fit(block: string, columns: number, rows: number): string[] {
  const lines = block.replace(/\n$/, '').split('\n');
  const most = Math.max(1, rows - 1);
  const kept =
    lines.length <= most ? lines : [...lines.slice(0, most - 1), `… ${lines.length - most + 1} more lines`];
  return kept.map((line) =>
    visibleLength(line) < columns
      ? line
      : `${[...stripColor(line)].slice(0, Math.max(0, columns - 2)).join('')}…`,
  );
}
