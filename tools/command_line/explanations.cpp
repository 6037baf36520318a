// What `--explain CODE` says about each diagnostic: the rule behind it, and the usual way out.
#include "ir/support/diagnostics.h"
#include "tools/command_line/lists.h"

namespace netc {

std::string_view explanation(Code code) {
  switch (code) {
    case Code::invalid_utf8:
      return "A `.net` file is UTF-8 text. Save it in that encoding; names and keywords are ASCII, "
             "strings and comments may hold anything.";
    case Code::unexpected_character:
      return "The character means nothing in the language. Names are made of letters, digits and "
             "`_`; tabs and line ends are the only control characters.";
    case Code::unterminated_string:
      return "A string ends on the line on which it begins: `\"...\"`. Write `\\n` for a line end "
             "in it.";
    case Code::unknown_escape:
      return "A backslash in a string begins one of the known escapes. Write `\\\\` for a "
             "backslash.";
    case Code::malformed_number:
      return "Numbers are written `12`, `0.5`, `1e-3` and `inf`; a point belongs to a number only "
             "before a digit.";
    case Code::number_too_large:
      return "Whole numbers of the program have 64 bits. A number with a point or an exponent is a "
             "float, which reaches further.";
    case Code::unexpected_token:
      return "The text does not go on as the grammar wants. The message says what was found and "
             "what would fit; a statement ends with its line unless a bracket is open or the line "
             "ends in an operator.";
    case Code::unclosed_bracket:
      return "A bracket was opened and never closed. Inside `(` and `[` lines do not count, so the "
             "place where it is missed may be some lines further.";
    case Code::nesting_too_deep:
      return "Brackets, blocks and chains of operators may nest up to a limit. Give parts a name "
             "of their own.";
    case Code::too_many_statements:
      return "A file has a limit of statements. Write what repeats as a `for` or as a layer.";
    case Code::unknown_statement:
      return "A statement begins with a keyword (`param`, `input`, `for`, ...) or binds a name: "
             "`name = expression`.";
    case Code::misplaced_statement:
      return "The statement belongs into another kind of block: `param` into a layer or model, "
             "`input`, `output`, `loss` and `metric` into a model, `return` into a `fn` or "
             "`layer`.";
    case Code::unused_value:
      return "An expression alone on a line does nothing: bind it to a name, or return it. Often a "
             "line end cut an expression in two; end the first line with the operator.";
    case Code::not_assignable:
      return "`name = ...` and `name <- ...` bind and update names; only `name[i, j] = ...` has "
             "subscripts, and it defines all elements.";
    case Code::reserved_name:
      return "The words of the language (`if`, `for`, `in`, ...) and the six reductions `sum mean "
             "max min prod argmax` cannot be bound.";
    case Code::chained_comparison:
      return "`a < b < c` would compare a bool with `c`. Write `a < b and b < c`.";
    case Code::positional_after_named:
      return "Arguments without names come first, in the order of the parameters; named ones "
             "follow in any order.";
    case Code::not_callable:
      return "Only functions, layers and instances of layers are called.";
    case Code::misplaced_else:
      return "`(x[i + 1] else 0)` gives the value outside of a tensor; it stands in parentheses, "
             "in index notation.";
    case Code::scan_count_mismatch:
      return "A scan has one name for each tensor that it runs over.";
    case Code::unknown_name:
      return "Nothing of this name is bound here. Names bound in the body of an `if` or `for` end "
             "with it; a function of a file sees that file's declarations.";
    case Code::inner_size_mismatch:
      return "`x @ w` multiplies along the last dimension of `x` and the second last of `w`, which "
             "have one size.";
    case Code::file_not_found:
      return "`use` looks beside the file, then in the folders given with `-I`.";
    case Code::duplicate_name:
      return "A name is bound once in its scope. Update a variable with `<-`, or choose another "
             "name.";
    case Code::unknown_definition:
      return "`-D NAME=VALUE` sets a constant declared at file level in the main file.";
    case Code::wrong_definition:
      return "`-D` keeps the type of the constant: an int stays an int.";
    case Code::unknown_function:
      return "No function, layer or built-in has this name. `netc --print=library` and `netc "
             "--print=functions` list what there is.";
    case Code::unknown_model:
      return "A train block names a model of the same program.";
    case Code::not_a_value:
      return "A function is not a value: call it, or put it behind `|>`.";
    case Code::not_an_instance:
      return "`let fc = dense(30)` makes an instance, which is then applied: `fc(x)` or `x |> fc`.";
    case Code::unapplied_instance:
      return "The first application of an instance fixes the shapes of its parameters; only after "
             "it `fc.w` can be read.";
    case Code::not_constant:
      return "This has to be known while compiling: constants, sizes, and functions of them are; "
             "values of tensors are not.";
    case Code::wrong_type:
      return "The value is of another kind than this place takes.";
    case Code::element_type_mismatch:
      return "Operands share one element type. Convert explicitly: `f32(x)`.";
    case Code::integer_in_float_arithmetic:
      return "An integer tensor does not silently become a float one: write `f32(x)`.";
    case Code::inexact_quotient:
      return "`/` on ints floors, so `1 / 3` is 0. In float arithmetic that is hardly meant: write "
             "`1.0 / 3`.";
    case Code::integer_overflow:
      return "Ints known while compiling have 64 bits, and what does not fit is an error, not a "
             "wrapped number.";
    case Code::division_by_zero:
      return "`/` and `%` on ints known while compiling have no value for 0.";
    case Code::broadcast_mismatch:
      return "Shapes are aligned at their last dimensions; each pair must be equal, or one of them "
             "1.";
    case Code::shape_mismatch:
      return "A dimension has another size than the type or the other operands want. The notes say "
             "where each size came from. A name stands for one size in all of a signature.";
    case Code::rank_mismatch:
      return "The tensor has another number of dimensions than this place takes.";
    case Code::reshape_mismatch:
      return "A reshape keeps the number of elements. One size may be -1.";
    case Code::split_mismatch:
      return "`split(x, k)` makes `k` equal parts along an axis.";
    case Code::empty_tensor:
      return "Every dimension is at least 1.";
    case Code::too_large:
      return "A tensor has at most 16 dimensions and 2^40 elements.";
    case Code::too_many_operations:
      return "Repetition is unrolled while compiling, up to a million operations. Use a tensor "
             "dimension or a `scan` instead of so long a `for`.";
    case Code::batch_misuse:
      return "The batch is known only at run time: it leads every input that has it, and cannot "
             "size parameters, loops or slices.";
    case Code::wrong_axis:
      return "Axes count from 0, or from the end with -1; each is named once.";
    case Code::missing_argument:
      return "A parameter without a default needs an argument.";
    case Code::too_many_arguments:
      return "There are more arguments than parameters.";
    case Code::unknown_argument:
      return "No parameter has this name.";
    case Code::duplicate_argument:
      return "A parameter gets one argument, by position or by name.";
    case Code::wrong_argument:
      return "The argument does not fit what the function takes.";
    case Code::missing_return:
      return "A `fn` or `layer` returns a value on every path.";
    case Code::result_mismatch:
      return "The value returned does not fit the declared type, or the names to bind it to.";
    case Code::recursion:
      return "Functions, layers and constants cannot depend on themselves; the text is expanded "
             "while compiling.";
    case Code::requirement_failed:
      return "A `require` of the function or layer does not hold for this call; the message is the "
             "author's.";
    case Code::not_updatable:
      return "`<-` updates states, `value` in an optimizer, and variables bound earlier; inputs, "
             "parameters and arguments never change.";
    case Code::state_reshaped:
      return "A state, and what a scan carries, keeps its shape and type.";
    case Code::misplaced_as:
      return "`as` names the instance that a layer makes where it is applied.";
    case Code::misplaced_layer:
      return "Layers own parameters: they are applied in models and layers, not in a `fn`, nor "
             "inside index notation.";
    case Code::misplaced_rest:
      return "`..` stands for any number of leading dimensions, once in a type, and on both sides "
             "of a definition alike.";
    case Code::duplicate_instance:
      return "Full names of parameters are the keys of checkpoints, so each is used once. Name "
             "instances with `let` or `as`; in a `for` with `as block[i]`.";
    case Code::instance_reshaped:
      return "All uses of an instance share its parameters, so they have the shapes of the first.";
    case Code::unknown_initializer:
      return "`init` takes one of the initialisers in the language reference.";
    case Code::tensor_without_subscripts:
      return "In index notation a tensor stands with all its subscripts. Bind a whole-tensor "
             "expression to a name first.";
    case Code::index_range_unknown:
      return "An index runs over the dimension in which it stands alone. Where there is none, give "
             "its range: `y[p: 10] = ...`.";
    case Code::index_range_conflict:
      return "All dimensions in which an index stands alone have one size. Give a range to read "
             "less than all.";
    case Code::subscript_count:
      return "A tensor has one subscript for each dimension.";
    case Code::wrong_subscript:
      return "A subscript is an affine expression of indices, a constant, or an element of an "
             "integer tensor.";
    case Code::subscript_out_of_bounds:
      return "The subscript can leave the tensor. Give the indices smaller ranges, or say what "
             "stands outside: `(x[i + 1] else 0)`.";
    case Code::subscript_unproved:
      return "A subscript computed from data has to stay inside by its definition (argmax, clamp, "
             "`%`), or have an `else`. Integer inputs are checked when they come in.";
    case Code::whole_tensor_function:
      return "In index notation functions take scalars. Bind the result of a function of whole "
             "tensors to a name, and subscript that.";
    case Code::no_loss:
      return "Training needs a `loss` in the model.";
    case Code::not_a_scalar:
      return "Losses and metrics are scalars of a float type: reduce them with `mean` or `sum`.";
    case Code::unknown_setting:
      return "A train block has the settings of the language reference, each on its own line.";
    case Code::wrong_setting:
      return "The setting takes another kind of value.";
    case Code::unknown_optimizer:
      return "`optimizer` names one of the standard library, or one declared in the program.";
    case Code::no_parameter_matches:
      return "The pattern of `on`, `freeze` or the name matches no parameter, or a parameter has "
             "no optimizer.";
    case Code::no_update:
      return "An optimizer says how a parameter changes: `value <- value - rate * gradient`.";
    case Code::unknown_source:
      return "Data come from `idx`, `npy`, `npz`, `safetensors`, `csv` or `text`.";
    case Code::unknown_input:
      return "`data` and `validation` give sources to inputs of the model.";
    case Code::missing_source:
      return "Every input of the model needs a source in `data`, and in `validation` where there "
             "is one.";
    case Code::graph_syntax:
      return "The text is no graph as netc prints them; docs/ir.md has the grammar.";
    case Code::graph_invalid:
      return "The graph breaks a rule of the IR; docs/ir.md lists them all.";
    case Code::loops_syntax:
      return "The text is no program of loops as netc prints them.";
    case Code::loops_invalid:
      return "The program of loops breaks a rule of the loops IR.";
  }
  return "";
}

}  // namespace netc
