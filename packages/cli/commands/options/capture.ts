import { Option } from 'commander';

/** `--capture env|transparent` (docs/guide/capture.md). */
export function captureOption(description: string): Option {
  return new Option('--capture <mode>', `${description}; transparent: Linux, as root`)
    .choices(['env', 'transparent'])
    .default('env');
}
