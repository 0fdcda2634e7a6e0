"""What a TFLite file holds: operators by name, which are not integer, parameters and multiplications."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

from facelatch import tflite_file
from facelatch.errors import ModelError


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator of the graph."""

    name: str
    """As in the schema (`CONV_2D`), or the custom operator's own name."""
    custom: bool
    """Not built into the runtime: Flex (TensorFlow) operators are."""
    floating: bool
    """Reads or writes floating-point numbers."""
    macs: int


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of the whole model."""

    shape: tuple[int, ...]
    kind: str
    """As in the schema: `INT8`, `FLOAT32`."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """The graph in numbers."""

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    operators: tuple[Operator, ...]
    parameters: int
    """Constant weights and biases."""

    @property
    def macs(self) -> int:
        """Multiply-accumulate operations of one inference."""
        return sum(operator.macs for operator in self.operators)

    def not_integer(self) -> list[str]:
        """The names of operators that an integer-only runtime cannot run, each once, sorted.

        Conversions to and from floating point are named only where nothing else explains them.
        """
        names = {operator.name for operator in self.operators if operator.custom or operator.floating}
        return sorted(names - {"QUANTIZE", "DEQUANTIZE"} or names)


def inspect(data: bytes, source: str) -> Inspection:
    """Read the graph that a runtime invokes, the first; raises `ModelError` for what is no TFLite file."""
    tflite_file.check(data, source)
    try:
        return _inspect(data)
    except (struct.error, LookupError, TypeError, ValueError, AttributeError, MemoryError, OverflowError):
        # Offsets and types that contradict each other: the generated reader checks none.
        raise ModelError(
            f"{source}: the TFLite model is damaged ({len(data)} bytes); copy or convert it again"
        ) from None


def _inspect(data: bytes) -> Inspection:
    from ai_edge_litert import schema_py_generated as schema  # noqa: PLC0415 - 20,000 lines

    model = schema.ModelT.InitFromPackedBuf(data, 0)
    graph = model.subgraphs[0]
    kinds = _names(schema.TensorType)
    codes = _names(schema.BuiltinOperator)
    operators = []
    weights: set[int] = set()
    for node in graph.operators:
        code = model.operatorCodes[node.opcodeIndex]
        number = max(code.builtinCode, code.deprecatedBuiltinCode)
        custom = number == schema.BuiltinOperator.CUSTOM
        name = code.customCode.decode() if custom else codes.get(number, f"operator {number}")
        touched = [graph.tensors[index] for index in (*node.inputs, *node.outputs) if index >= 0]
        floating = any("FLOAT" in kinds[tensor.type] for tensor in touched)
        operators.append(Operator(name, custom, floating, _macs(name, node, graph)))
        weights.update(_weights(name, node, graph, model, kinds))
    return Inspection(
        inputs=tuple(_port(graph.tensors[index], kinds) for index in graph.inputs),
        outputs=tuple(_port(graph.tensors[index], kinds) for index in graph.outputs),
        operators=tuple(operators),
        parameters=sum(prod(_shape(graph.tensors[index])) for index in weights),
    )


def _names(enumeration: type) -> dict[int, str]:
    return {value: name for name, value in vars(enumeration).items() if isinstance(value, int)}


def _shape(tensor: Any) -> tuple[int, ...]:
    return () if tensor.shape is None else tuple(int(length) for length in tensor.shape)


def _port(tensor: Any, kinds: dict[int, str]) -> Port:
    return Port(_shape(tensor), kinds[tensor.type])


def _macs(name: str, node: Any, graph: Any) -> int:
    """A convolution multiplies each output by its kernel's window, a dense layer by all its inputs."""
    if name not in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
        return 0
    kernel = _shape(graph.tensors[node.inputs[1]])
    outputs = prod(_shape(graph.tensors[node.outputs[0]]))
    window = kernel[1:3] if name == "DEPTHWISE_CONV_2D" else kernel[1:]
    return outputs * prod(window)


def _weights(name: str, node: Any, graph: Any, model: Any, kinds: dict[int, str]) -> Iterator[int]:
    """Constant inputs that were learnt: all of a layer with a kernel, elsewhere those that are no shapes."""
    learnt = name in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV", "PRELU")
    for index in node.inputs:
        if index < 0:
            continue
        tensor = graph.tensors[index]
        content = model.buffers[tensor.buffer].data
        constant = content is not None and len(content) > 0
        if constant and (learnt or kinds[tensor.type] not in ("INT32", "INT64", "BOOL")):
            yield int(index)
