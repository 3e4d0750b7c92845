import {
  APPENDS,
  EMPTY_DICT,
  EMPTY_LIST,
  EMPTY_TUPLE,
  GET,
  global,
  int,
  MARK,
  NONE,
  PERSID,
  pickle,
  PUT,
  REDUCE,
  repeat,
  string,
  tuple,
  TUPLE1,
  TUPLE2,
} from './pickle_opcodes.ts';
import { describe, expect, test } from 'vitest';
import { PICKLE_LIMITS, unpickle } from '../../../src/model/files/pickle.ts';
import { torchContext } from '../../../src/model/files/torch_file.ts';

const context = torchContext(() => undefined);
const run = (body: readonly number[]): unknown => unpickle(pickle(body), context).value;

/** Items in lists of as many as the stack holds at a time. */
const AT_A_TIME = 900_000;
const inLists = (count: number, item: readonly number[]): number[] => {
  const list = [MARK, repeat(AT_A_TIME, item), APPENDS].flat();
  return [EMPTY_LIST, repeat(Math.ceil(count / AT_A_TIME), list)].flat();
};

const storage = [
  ...tuple(string('storage'), global('torch', 'FloatStorage'), string('0'), string('cpu'), int(4)),
  PERSID,
];

const TOO_MANY_OBJECTS = 'makes more than 500000 objects';

describe('a pickle cannot make much, however long it is:', () => {
  test.each<[string, readonly number[], string]>([
    ['dicts', repeat(PICKLE_LIMITS.objects + 1, [EMPTY_DICT]), TOO_MANY_OBJECTS],
    ['tuples in tuples', [NONE, ...repeat(PICKLE_LIMITS.objects + 1, [TUPLE1])], TOO_MANY_OBJECTS],
    ['byte strings', inLists(PICKLE_LIMITS.objects + 1, [0x43, 0]), TOO_MANY_OBJECTS],
    ['strings that are no text', inLists(PICKLE_LIMITS.objects + 1, [0x55, 1, 0xff]), TOO_MANY_OBJECTS],
    [
      'storages by one remembered name',
      [
        ...tuple(string('storage'), global('torch', 'FloatStorage'), string('0'), string('cpu'), int(4)),
        ...[PUT, 0],
        ...inLists(PICKLE_LIMITS.objects + 1, [GET, 0, PERSID]),
        TUPLE2,
      ],
      TOO_MANY_OBJECTS,
    ],
    [
      'tensors of many axes',
      [
        ...[...tuple(...Array.from({ length: 64 }, () => int(1))), PUT, 0],
        ...[...storage, PUT, 1],
        ...tuple(...[[GET, 1], int(0), [GET, 0], [GET, 0], [0x89]], [
          ...global('collections', 'OrderedDict'),
          EMPTY_TUPLE,
          REDUCE,
        ]),
        ...[PUT, 2, ...global('torch._utils', '_rebuild_tensor_v2'), PUT, 3],
        // 20,000 tensors would be well within the limit, were it not for their shapes.
        ...[EMPTY_LIST, MARK, ...repeat(20_000, [GET, 3, GET, 2, REDUCE]), APPENDS],
      ],
      TOO_MANY_OBJECTS,
    ],
    [
      'copies of a long list',
      // OrderedDict(list of 1000 pairs), again and again.
      [
        ...[EMPTY_LIST, MARK, ...repeat(1000, [NONE, NONE, TUPLE2]), APPENDS, PUT, 0],
        ...repeat(2000, [...global('collections', 'OrderedDict'), GET, 0, TUPLE1, REDUCE]),
      ],
      TOO_MANY_OBJECTS,
    ],
    ['numbers', inLists(PICKLE_LIMITS.opcodes + 1, [NONE]), 'more than 4000000 opcodes'],
    ['values', repeat(PICKLE_LIMITS.stack + 1, [NONE]), 'stacks more than 1000000 values'],
    ['marks', repeat(PICKLE_LIMITS.marks + 1, [MARK]), 'nests more than 10000 deep'],
  ])(
    '%s',
    (_what, body, message) => {
      expect(() => run(body)).toThrow(message);
    },
    // Tens of milliseconds; minutes, or no end of memory, if a limit did not hold.
    60_000,
  );

  test('exponential references are references: a tuple of two of itself, a hundred times over', () => {
    const doubled = repeat(100, [GET, 0, GET, 0, TUPLE2, PUT, 0]);
    const value = run([EMPTY_LIST, MARK, NONE, PUT, 0, doubled, APPENDS].flat());
    expect(value).toHaveLength(101);
  });

  test('a list within itself is no loop', () => {
    expect(run([EMPTY_LIST, PUT, 0, GET, 0, 0x61])).toBeInstanceOf(Array);
  });
});
