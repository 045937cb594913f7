package dev.palimpsest.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.ReadOnlyBufferException;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TensorTest {
  private static final Shape SIX = Shape.of(3, 2);
  private static final float[] VALUES = {0, 1, -2, 3.5f, 4, 5};

  @Test
  void ofKeepsTheArray() {
    float[] values = VALUES.clone();
    Tensor tensor = Tensor.of(SIX, values);
    assertSame(values, tensor.floats());
    assertEquals(DType.FLOAT32, tensor.dtype());
    assertEquals(24, tensor.byteSize());
    assertEquals("FLOAT32[3, 2]", tensor.toString());
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "FLOAT16", "BFLOAT16", "FLOAT64"})
  void everyFloatingTypeConverts(DType dtype) {
    Tensor tensor = Tensor.of(SIX, VALUES.clone()).as(dtype);
    assertEquals(dtype, tensor.dtype());
    assertEquals(6L * dtype.bytes(), tensor.bytes().remaining());
    assertArrayEquals(VALUES, tensor.floats());
    assertArrayEquals(new double[] {0, 1, -2, 3.5, 4, 5}, tensor.doubles());
    assertArrayEquals(VALUES, tensor.as(DType.FLOAT32).floats());
    assertSame(tensor, tensor.as(dtype));
  }

  @Test
  void bytesAreLittleEndian() {
    ByteBuffer bytes = Tensor.scalar(1f).bytes();
    assertEquals(0x3f, bytes.get(3));
    assertEquals(ByteOrder.LITTLE_ENDIAN, bytes.order());
    assertThrows(ReadOnlyBufferException.class, () -> bytes.put(0, (byte) 1));
  }

  @Test
  void wrapIsAViewWhateverTheOrderOfTheBuffer() {
    ByteBuffer data = ByteBuffer.allocateDirect(12).order(ByteOrder.BIG_ENDIAN);
    data.position(4);
    data.put(4, (byte) 7).put(9, (byte) 1);
    Tensor tensor = Tensor.wrap(DType.INT32, Shape.of(2), data);
    assertArrayEquals(new long[] {7, 256}, tensor.longs());
    assertTrue(tensor.isDirect());
    assertEquals(4, data.position());
    assertFalse(Tensor.scalar(1f).isDirect());
  }

  @ParameterizedTest
  @EnumSource(names = {"INT8", "INT16", "INT32", "INT64"})
  void signedIntegersKeepTheirSign(DType dtype) {
    byte[] minusOne = new byte[dtype.bytes()];
    Arrays.fill(minusOne, (byte) -1);
    Tensor tensor = Tensor.wrap(dtype, Shape.scalar(), ByteBuffer.wrap(minusOne));
    assertArrayEquals(new long[] {-1}, tensor.longs());
    assertArrayEquals(new float[] {-1}, tensor.floats());
    assertArrayEquals(new double[] {-1}, tensor.doubles());
  }

  @Test
  void bytesAndBooleansAreUnsigned() {
    ByteBuffer data = ByteBuffer.wrap(new byte[] {(byte) 255, 1});
    assertArrayEquals(new long[] {255, 1}, Tensor.wrap(DType.UINT8, Shape.of(2), data).longs());
    assertArrayEquals(new float[] {255, 1}, Tensor.wrap(DType.BOOL, Shape.of(2), data).floats());
  }

  @Test
  void integersAndDoublesHaveTheirTypes() {
    assertEquals(DType.INT64, Tensor.of(Shape.of(1), 5L).dtype());
    assertEquals(DType.INT32, Tensor.of(Shape.of(1), 5).dtype());
    assertEquals(DType.FLOAT64, Tensor.of(Shape.of(1), 0.1).dtype());
    assertArrayEquals(new double[] {0.1}, Tensor.of(Shape.of(1), 0.1).doubles());
    assertArrayEquals(new long[] {1L << 60}, Tensor.scalar(1L << 60).longs());
  }

  @Test
  void rowsOfArraysAndBuffers() {
    Tensor array = Tensor.of(SIX, VALUES.clone());
    for (Tensor tensor : List.of(array, array.as(DType.FLOAT64))) {
      Tensor rows = tensor.rows(1, 3);
      assertEquals(Shape.of(2, 2), rows.shape());
      assertArrayEquals(new float[] {-2, 3.5f, 4, 5}, rows.floats());
      assertEquals(0, tensor.rows(2, 2).elements());
    }
  }

  @Test
  void concatJoinsRows() {
    Tensor tensor = Tensor.of(SIX, VALUES.clone());
    Tensor joined = Tensor.concat(List.of(tensor.rows(2, 3), tensor));
    assertEquals(Shape.of(4, 2), joined.shape());
    assertArrayEquals(new float[] {4, 5, 0, 1, -2, 3.5f, 4, 5}, joined.floats());
  }

  @Test
  void reshapeSharesTheData() {
    Tensor tensor = Tensor.of(SIX, VALUES.clone());
    assertSame(tensor.floats(), tensor.reshape(Shape.of(6)).floats());
  }

  @Test
  void wrongCountIsRefused() {
    var e = assertThrows(IllegalArgumentException.class, () -> Tensor.of(SIX, 1f));
    assertEquals("shape [3, 2] needs 6 elements, got 1", e.getMessage());
    assertThrows(IllegalArgumentException.class, () -> Tensor.of(SIX, 1.0));
    assertThrows(IllegalArgumentException.class, () -> Tensor.of(SIX, 1L));
    assertThrows(IllegalArgumentException.class, () -> Tensor.of(SIX, 1));
  }

  @Test
  void bufferOfAnotherSizeIsRefused() {
    var e =
        assertThrows(
            IllegalArgumentException.class,
            () -> Tensor.wrap(DType.FLOAT16, SIX, ByteBuffer.allocate(11)));
    assertEquals("FLOAT16 of shape [3, 2] needs 12 bytes, got 11", e.getMessage());
  }

  @Test
  void overTwoGibibytesIsRefused() {
    assertThrows(
        IllegalArgumentException.class, () -> Tensor.allocate(DType.FLOAT64, Shape.of(1 << 28)));
    assertThrows(ArithmeticException.class, () -> Tensor.allocate(DType.INT64, Shape.of(1L << 61)));
  }

  @Test
  void reshapeToAnotherCountIsRefused() {
    var e =
        assertThrows(IllegalArgumentException.class, () -> Tensor.zeros(SIX).reshape(Shape.of(5)));
    assertEquals("cannot reshape [3, 2] to [5]", e.getMessage());
  }

  @Test
  void conversionsOfIntegersAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> Tensor.scalar(1L).as(DType.FLOAT32));
    assertThrows(IllegalArgumentException.class, () -> Tensor.scalar(1f).as(DType.INT64));
    assertThrows(IllegalStateException.class, () -> Tensor.scalar(1f).longs());
  }

  @Test
  void rowsOutsideAreRefused() {
    Tensor tensor = Tensor.zeros(SIX);
    assertThrows(IllegalArgumentException.class, () -> tensor.rows(0, 4));
    assertThrows(IllegalArgumentException.class, () -> tensor.rows(-1, 1));
    assertThrows(IllegalArgumentException.class, () -> tensor.rows(2, 1));
    assertThrows(IllegalArgumentException.class, () -> Tensor.scalar(1f).rows(0, 1));
  }

  @Test
  void concatOfOtherShapesIsRefused() {
    Tensor tensor = Tensor.zeros(SIX);
    assertThrows(IllegalArgumentException.class, () -> Tensor.concat(List.of()));
    assertThrows(
        IllegalArgumentException.class,
        () -> Tensor.concat(List.of(tensor, Tensor.zeros(Shape.of(3, 3)))));
    assertThrows(
        IllegalArgumentException.class,
        () -> Tensor.concat(List.of(tensor, Tensor.zeros(Shape.of(3)))));
    assertThrows(
        IllegalArgumentException.class,
        () -> Tensor.concat(List.of(Tensor.scalar(1f), Tensor.scalar(2f))));
  }
}
