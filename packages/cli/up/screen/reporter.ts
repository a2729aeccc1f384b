/** Says what happens, in lines for people; the live view prints them above its table. */
export interface Reporter {
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
}
