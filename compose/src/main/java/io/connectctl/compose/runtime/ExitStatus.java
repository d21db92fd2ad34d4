package io.connectctl.compose.runtime;

import java.time.Instant;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * How an instance ended.
 *
 * @param code the exit code, 128 + signal for a signal; empty where nobody saw it end (keeper killed too, machine restarted)
 * @param at when it ended, or when that was noticed
 * @param note a fact the code doesn't tell, such as "the machine was restarted" or "out of memory, killed by the kernel"
 * @param outside true if a person ended it on purpose with the runtime's own tools ({@code docker stop})
 */
public record ExitStatus(OptionalInt code, Instant at, Optional<String> note, boolean outside) {
    /** It ended by itself, by a signal, or by us. */
    public ExitStatus(OptionalInt code, Instant at, Optional<String> note) {
        this(code, at, note, false);
    }

    /** The signal that ended it, such as 9; empty if it exited by itself. Code 255 is Spark's own exit(-1), no signal. */
    public OptionalInt signal() {
        return code.isPresent() && code.getAsInt() > 128 && code.getAsInt() < 128 + 65
                ? OptionalInt.of(code.getAsInt() - 128)
                : OptionalInt.empty();
    }
}
