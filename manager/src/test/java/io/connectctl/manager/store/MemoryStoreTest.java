package io.connectctl.manager.store;

class MemoryStoreTest extends StateStoreContract {
    @Override
    StateStore create() {
        return new MemoryStore(SMALL);
    }
}
