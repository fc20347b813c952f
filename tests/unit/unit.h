/*  What every unit test includes: cmocka with what it needs before it, spans, and inputs against a guard page. */
#ifndef KEEL_UNIT_H
#define KEEL_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guarded.h"
#include "span.h"

#define COUNT_OF(array) (sizeof (array) / sizeof (array)[0])

/*  A frame of a literal's bytes, without its terminating zero. */
#define F(literal) SPAN_OF (literal)

#define assert_span(span, literal)                                                                                     \
    do {                                                                                                               \
        assert_int_equal ((span).size, sizeof (literal) - 1);                                                          \
        assert_memory_equal ((span).data, literal, sizeof (literal) - 1);                                              \
    } while (0)

#endif
