package dev.tenon.backend.cuda.core.tuning;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MoeShapeTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "512|128||NVIDIA H20-3e|E=512,N=128,device_name=NVIDIA_H20-3e.json",
        "512|512||NVIDIA H200|E=512,N=512,device_name=NVIDIA_H200.json",
        "512|512||NVIDIA H200 NVL|E=512,N=512,device_name=NVIDIA_H200.json",
        "64|512||NVIDIA GH200 480GB|E=64,N=512,device_name=NVIDIA_GH200_480GB.json",
        "512|256|,dtype=fp8_w8a8,block_shape=[128,128]|NVIDIA H100 80GB HBM3"
            + "|E=512,N=256,device_name=NVIDIA_H100_80GB_HBM3,dtype=fp8_w8a8,block_shape=[128,128].json"
      })
  void filesAreNamedAsTheGuideNamesThem(
      int experts, int inner, String precision, String card, String name) {
    MoeShape shape = new MoeShape(experts, inner, precision == null ? "" : precision);
    assertThat(shape.fileName(card)).isEqualTo(name);
  }
}
