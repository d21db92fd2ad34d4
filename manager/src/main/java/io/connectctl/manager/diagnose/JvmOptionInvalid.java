package io.connectctl.manager.diagnose;

import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** The JVM refuses its own options, or lacks one that Spark needs. */
final class JvmOptionInvalid implements Rule {
    private static final Pattern REFUSED = Pattern.compile(
            "^Unrecognized (?:VM )?option:? '?([^'\\s]{1,200})|^Error: Unrecognized option|^Conflicting collector combinations"
                    + "|^Invalid (?:maximum|initial) heap size|^Initial heap size set to a larger value|^Improperly specified VM option"
                    + "|^Error: VM option|^Error: Could not find agent|^Error opening zip file|^Multiple garbage collectors|^Invalid thread stack size|^Error: Could not create the Java Virtual Machine");
    private static final Pattern CLOSED_MODULE =
            Pattern.compile("IllegalAccessError: class org\\.apache\\.spark\\.storage\\.StorageUtils"
                    + "|InaccessibleObjectException: .{0,200}does not \"opens");

    @Override
    public Optional<Finding> look(Clues clues) {
        return clues.startup(REFUSED)
                .flatMap(hit -> hit.config(
                        "JVM_OPTION_INVALID",
                        "the JVM refuses its options: "
                                + Scrubber.cut(hit.line().strip(), 200),
                        "correct spark.driver.extraJavaOptions and the driver memory ("
                                + clues.spec().driverMemory() + "), here also JAVA_TOOL_OPTIONS: "
                                + clues.again("--conf spark.driver.extraJavaOptions=...")))
                .or(() -> clues.startup(CLOSED_MODULE)
                        .flatMap(hit -> hit.config(
                                "JVM_OPTION_INVALID",
                                "the JVM keeps Spark out of its own modules: the --add-opens options are missing",
                                "let the profile's own entrypoint start the JVM: `connectctl render "
                                        + clues.spec().name()
                                        + "` shows what is used; compare a template of yours with the default one")));
    }

    @Override
    public Set<String> codes() {
        return Set.of("JVM_OPTION_INVALID");
    }
}
