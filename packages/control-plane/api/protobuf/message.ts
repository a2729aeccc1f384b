/** What a field holds, as JSON has it. `time` is metav1.Time, `intOrString` is intstr.IntOrString. */
export type FieldType =
  | 'string'
  | 'int'
  | 'bool'
  | 'time'
  | 'intOrString'
  | 'stringMap'
  | 'bytesMap'
  | { readonly message: Message };

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly repeated?: boolean;
  /** A pointer in Go: false and 0 are said, not left out. */
  readonly optional?: boolean;
}

/** Fields by number. */
export type Message = Readonly<Record<number, Field>>;

export const string = (name: string): Field => ({ name, type: 'string' });
export const strings = (name: string): Field => ({ name, type: 'string', repeated: true });
export const int = (name: string): Field => ({ name, type: 'int' });
export const bool = (name: string): Field => ({ name, type: 'bool' });
export const time = (name: string): Field => ({ name, type: 'time' });
export const optional = (field: Field): Field => ({ ...field, optional: true });
export const map = (name: string, values: 'stringMap' | 'bytesMap' = 'stringMap'): Field => ({
  name,
  type: values,
});
export const one = (name: string, message: Message): Field => ({ name, type: { message } });
export const many = (name: string, message: Message): Field => ({ name, type: { message }, repeated: true });
