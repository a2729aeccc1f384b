interface QueryOptions {
  readonly id?: number;
  readonly flags?: number;
  readonly class?: number;
  /** UDP size of an OPT record. */
  readonly edns?: number;
}

/** A DNS question as a client sends it. */
export function query(name: string, type: number, options: QueryOptions = {}): Buffer {
  const { id = 1, flags = 0x0100, class: recordClass = 1, edns } = options;
  const header = Buffer.alloc(12);
  [id, flags, 1, 0, 0, edns === undefined ? 0 : 1].forEach((value, at) => {
    header.writeUInt16BE(value, at * 2);
  });
  const labels = name.split('.').filter((label) => label !== '');
  const encoded = labels.map((label) =>
    Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')]),
  );
  const tail = Buffer.from([0, type >> 8, type & 255, recordClass >> 8, recordClass & 255]);
  const option = edns === undefined ? [] : [Buffer.from([0, 0, 41, edns >> 8, edns & 255, 0, 0, 0, 0, 0, 0])];
  return Buffer.concat([header, ...encoded, tail, ...option]);
}
