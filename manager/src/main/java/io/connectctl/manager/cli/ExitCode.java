package io.connectctl.manager.cli;

import java.util.LinkedHashMap;
import java.util.Map;

/** Every exit code of the command line, mapped here and nowhere else. */
enum ExitCode {
    OK(0, "it is as asked"),
    FAILURE(1, "failure"),
    USAGE(2, "unknown command or option, missing or malformed argument"),
    NOT_RUNNING(3, "the server is not running (STOPPED)"),
    NOT_HEALTHY(4, "the server is not healthy, or its start FAILED"),
    NO_SUCH_SERVER(5, "no such server, lease or pool"),
    INVALID(6, "invalid declaration: nothing was started"),
    UNREACHABLE(7, "the daemon can't be reached"),
    CONFLICT(8, "conflict: a port or name is held, and by whom"),
    BUSY(9, "operations of clients are running: use --drain or --force"),
    CHANGES(10, "of plan and diff: there are changes"),
    TIMEOUT(124, "timeout: the server is kept and goes on"),
    INTERRUPTED(130, "interrupted by SIGINT (143: by SIGTERM)");

    private final int code;
    private final String meaning;

    ExitCode(int code, String meaning) {
        this.code = code;
        this.meaning = meaning;
    }

    /** The number the process exits with. */
    int code() {
        return code;
    }

    /** What it means unless a command says otherwise. */
    String meaning() {
        return meaning;
    }

    /** The code for a problem that the daemon answered with. */
    static ExitCode of(String problemCode) {
        return switch (problemCode) {
            case "NO_SUCH_SERVER", "NO_SUCH_LEASE", "NO_SUCH_POOL" -> NO_SUCH_SERVER;
            case "INVALID" -> INVALID;
            case "NAME_HELD", "PORT_HELD", "RUNNING", "WAREHOUSE_NOT_EMPTY" -> CONFLICT;
            case "NOT_RUNNING" -> NOT_RUNNING;
            case "OPERATIONS_RUNNING" -> BUSY;
            default -> FAILURE;
        };
    }

    /** The code for a start that FAILED, by its cause. */
    static ExitCode ofCause(String causeCode) {
        return switch (causeCode) {
            case "PORT_TAKEN", "UI_PORT_TAKEN", "PORT_HELD", "NAME_HELD", "ALREADY_RUNNING" -> CONFLICT;
            default -> NOT_HEALTHY;
        };
    }

    /** The code for one server's phase: 0 HEALTHY, 3 STOPPED, else 4. */
    static ExitCode ofPhase(String phase) {
        return switch (phase) {
            case "HEALTHY" -> OK;
            case "STOPPED" -> NOT_RUNNING;
            default -> NOT_HEALTHY;
        };
    }

    /** As {@code --help} lists them. */
    static Map<String, String> help() {
        Map<String, String> lines = new LinkedHashMap<>();
        for (ExitCode exit : values()) {
            lines.put(Integer.toString(exit.code), exit.meaning);
        }
        return lines;
    }
}
