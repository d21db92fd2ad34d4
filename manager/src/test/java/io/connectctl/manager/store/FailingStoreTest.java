package io.connectctl.manager.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.connectctl.manager.store.testing.FailingStore;
import java.util.List;
import org.junit.jupiter.api.Test;

class FailingStoreTest extends StateStoreContract {
    @Override
    StateStore create() {
        return new FailingStore(new MemoryStore(SMALL));
    }

    @Test
    void aFullStoreRefusesEveryWriteAndKeepsWhatItHas() throws Exception {
        FailingStore store = new FailingStore(new MemoryStore());
        store.commit(server(SALES, "{}"), List.of());
        store.full(true);

        assertThatThrownBy(() -> store.commit(server(HR, "{}"), List.of())).isInstanceOf(StoreException.class);
        assertThatThrownBy(() -> store.remove(SALES, List.of())).isInstanceOf(StoreException.class);
        assertThat(store.servers()).hasSize(1);
    }
}
