package io.connectctl.manager.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Chars;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ProseTest {
    @Test
    void whatFitsStaysAsItIs() {
        assertThat(Prose.folded("  URL          sc://localhost:15002\n", 40))
                .isEqualTo("  URL          sc://localhost:15002\n");
    }

    @Test
    void aTextGoesOnBelowItselfWhereThereIsRoomBesideItsLabel() {
        assertThat(Prose.folded("  Remedy       take another port, or end what holds it", 50))
                .isEqualTo("  Remedy       take another port, or end what\n               holds it");
        assertThat(Prose.folded("  Remedy       take another port, or end what holds it", 40))
                .isEqualTo("  Remedy       take another port, or end\n    what holds it");
    }

    @Test
    void aPathStaysWhole() {
        String path = "/home/somebody/.local/state/connectctl/servers/sales/runs/1/server.log";

        assertThat(Prose.folded("  Log          " + path, 40)).contains(path);
    }

    @Test
    void aCommandToBeCopiedStaysWhole() {
        String command = "`connectctl start sales --port 15003 --expose all --auth token`";

        assertThat(Prose.folded("  Remedy       stop what holds the port, or take another one: " + command, 60))
                .contains(command)
                .contains("\n");
        assertThat(Prose.folded("a lone ` in a text that is longer than a line of this terminal", 40))
                .isEqualTo("a lone ` in a text that is longer than a\n  line of this terminal");
    }

    @Test
    void coloursTakeNoRoom() {
        String painted = "connect  \u001b[32mHEALTHY\u001b[0m  for 3 s";

        assertThat(Prose.folded(painted, 26)).isEqualTo(painted);
    }

    @Property
    void noWordIsLostAndNoLineIsWiderThanItsWords(
            @ForAll @Chars({'a', 'b', ' ', '\n'}) String any, @ForAll @IntRange(min = 20, max = 60) int columns) {
        String text = any.replaceAll(" {2,}", " ");
        String folded = Prose.folded(text, columns);

        assertThat(words(folded)).isEqualTo(words(text));
        assertThat(folded.lines().filter(line -> line.length() > columns))
                .noneMatch(line -> line.strip().contains(" "));
    }

    private static List<String> words(String text) {
        return Arrays.stream(text.split("[ \n]+", -1))
                .filter(word -> !word.isEmpty())
                .toList();
    }
}
